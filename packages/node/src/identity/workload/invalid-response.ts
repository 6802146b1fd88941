import { type Awaitable, CredentialError, SpiffeIdError, VerificationError } from "@firsthand/core";

/** The error for a state that does not hold together. */
export function invalidResponse(detail: string, cause?: unknown): CredentialError {
  return new CredentialError("response_invalid", { detail, cause });
}

/**
 * Checks a part of what was delivered.
 *
 * @param what names the part in the message
 * @throws {CredentialError} `response_invalid`, saying which rule is broken
 */
export async function checked<T>(what: string, check: () => Awaitable<T>): Promise<T> {
  try {
    return await check();
  } catch (cause) {
    throw invalidResponse(`${what}: ${ruleOf(cause)}`, cause);
  }
}

/** What {@link checked} would throw. */
export function problemOf(
  what: string,
  check: () => Awaitable<unknown>,
): Promise<CredentialError | undefined> {
  return checked(what, check).then(
    () => undefined,
    (error: CredentialError) => error,
  );
}

/** Only our own messages are safe to repeat: others may quote what was read. */
function ruleOf(error: unknown): string {
  const isOurs =
    error instanceof CredentialError ||
    error instanceof VerificationError ||
    error instanceof SpiffeIdError;
  return isOurs ? error.message : "cannot be read";
}
