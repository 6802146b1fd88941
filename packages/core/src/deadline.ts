import type { Awaitable } from "./awaitable.js";
import type { Clock } from "./clock.js";
import { VerificationError } from "./errors.js";
import type { VerificationCode } from "./refusal-codes.js";

/**
 * Waits for a capability, but not for ever. A synchronous answer costs nothing.
 *
 * @throws {VerificationError} `code`, when there is no answer in time
 */
export async function withDeadline<T>(
  answer: Awaitable<T>,
  clock: Clock,
  milliseconds: number,
  code: VerificationCode,
): Promise<T> {
  if (!isThenable(answer)) return answer;
  const settled = new AbortController();
  const expired = clock.delay(milliseconds, settled.signal).then(() => {
    throw new VerificationError(code);
  });
  expired.catch(() => undefined); // it also rejects when it lost the race and was called off
  try {
    return await Promise.race([answer, expired]);
  } finally {
    settled.abort();
  }
}

function isThenable<T>(answer: Awaitable<T>): answer is Promise<T> {
  return typeof (answer as Partial<Promise<T>> | undefined)?.then === "function";
}
