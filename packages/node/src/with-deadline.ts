import type { Clock } from "@firsthand/core";

/** When work has to end at the latest. */
export interface Deadline {
  readonly clock: Clock;
  readonly milliseconds: number;
  /** Makes what the work fails with when the time is up. */
  readonly late: () => Error;
  /** Ends the work sooner. */
  readonly signal?: AbortSignal | undefined;
}

/** Does work that ends in time: else its signal aborts, and the reason is what it fails with. */
export async function withDeadline<T>(
  { clock, milliseconds, late, signal }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const settled = new AbortController();
  const abort = () => own.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  clock.delay(milliseconds, settled.signal).then(
    () => own.abort(late()),
    () => undefined, // settled before
  );
  try {
    return await work(own.signal);
  } catch (error) {
    throw own.signal.aborted ? own.signal.reason : error;
  } finally {
    settled.abort();
    signal?.removeEventListener("abort", abort);
  }
}
