import { type Awaitable, isThenable } from "./awaitable.js";
import type { Clock } from "./clock.js";
import { VerificationError } from "./errors.js";
import type { VerificationCode } from "./refusal-codes.js";

/**
 * Waits for a capability, but not for ever. A synchronous answer costs nothing.
 *
 * @throws {VerificationError} `code`, when there is no answer in time
 */
export function withDeadline<T>(
  answer: Awaitable<T>,
  clock: Clock,
  milliseconds: number,
  code: VerificationCode,
): Awaitable<T> {
  return isThenable(answer) ? race(answer, clock, milliseconds, code) : answer;
}

async function race<T>(
  answer: Promise<T>,
  clock: Clock,
  milliseconds: number,
  code: VerificationCode,
): Promise<T> {
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
