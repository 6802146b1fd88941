import type { Clock, CredentialError } from "@firsthand/core";

/**
 * Does work that has to end in time; else its signal aborts. Waiting keeps the process alive.
 *
 * @param late makes the reason of the signal
 */
export async function withDeadline<T>(
  clock: Clock,
  milliseconds: number,
  late: () => CredentialError,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const settled = new AbortController();
  clock.delay(milliseconds, settled.signal).then(
    () => deadline.abort(late()),
    () => undefined, // the work was done in time
  );
  try {
    return await work(deadline.signal);
  } finally {
    settled.abort();
  }
}
