import { type Awaitable, CredentialError } from "@firsthand/core";

/** The content of a file is not what it has to be. */
export function fileInvalid(path: string, problem: string, cause?: unknown): CredentialError {
  return new CredentialError("file_invalid", { cause, detail: `${path}: ${problem}` });
}

/** The operating system does not let us read a file. */
export function fileUnreadable(path: string, cause: unknown): CredentialError {
  const [problem] = (cause as Error).message.split(","); // then Node repeats call and path
  return new CredentialError("file_unreadable", { cause, detail: `${path}: ${problem}` });
}

/**
 * Does work on the content of a file. What is wrong with it keeps its code and gets the path.
 *
 * @param about the file, or the part of it
 */
export async function inFile<T>(about: string, work: () => Awaitable<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof CredentialError ? naming(about, error) : error;
  }
}

function naming(about: string, error: CredentialError): CredentialError {
  const general = new CredentialError(error.code).message;
  const detail = `${about}${error.message.slice(general.length)}`;
  return new CredentialError(error.code, { cause: error.cause ?? error, detail });
}
