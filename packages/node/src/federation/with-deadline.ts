import type { Clock } from "@firsthand/core";

/**
 * Does work that ends at the latest when the time is up or when `signal` aborts.
 *
 * @param late what it fails with when the time is up
 */
export async function withDeadline<T>(
  { clock, milliseconds, late, signal }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const settled = new AbortController();
  const abort = () => own.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  clock.delay(milliseconds, settled.signal).then(
    () => own.abort(late),
    () => undefined, // settled before
  );
  try {
    return await work(own.signal);
  } catch (error) {
    throw own.signal.aborted ? own.signal.reason : error;
  } finally {
    settled.abort();
    signal.removeEventListener("abort", abort);
  }
}

interface Deadline {
  readonly clock: Clock;
  readonly milliseconds: number;
  readonly late: Error;
  readonly signal: AbortSignal;
}
