import { CredentialError, type CredentialErrorCode } from "@firsthand/core";

/** What is wrong with one fetch, before it is said with which endpoint. */
export class EndpointFault extends Error {
  override readonly name = "EndpointFault";
  readonly code: CredentialErrorCode;

  constructor(code: CredentialErrorCode, problem: string, cause?: unknown) {
    super(problem, { cause });
    this.code = code;
  }
}

/**
 * Why a fetch from a URL failed, for operators: in our own words and without the query of the URL.
 *
 * @param unreachable what an error of the network is called
 */
export function endpointError(
  { origin, pathname }: URL,
  error: unknown,
  unreachable: CredentialErrorCode,
): CredentialError {
  const where = `${origin}${pathname}`;
  if (error instanceof EndpointFault) {
    return new CredentialError(error.code, { cause: error, detail: `${where}: ${error.message}` });
  }
  if (error instanceof CredentialError) {
    return new CredentialError(error.code, { cause: error, detail: where });
  }
  const { code } = error as NodeJS.ErrnoException;
  const detail = code === undefined ? where : `${where}: ${code}`;
  return new CredentialError(unreachable, { cause: error, detail });
}
