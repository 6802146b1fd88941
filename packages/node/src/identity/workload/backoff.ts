const firstMilliseconds = 1000;
const longestMilliseconds = 10_000;

/** How long to wait between attempts. */
export interface Backoff {
  /** Milliseconds until the next attempt. */
  next(): number;
  /** Something went well: begin anew. */
  reset(): void;
}

/**
 * Exponential backoff with full jitter: any time up to a bound that doubles from one second to ten: the
 * other end is on this machine, and a service without identity serves nobody.
 *
 * @param random from 0 to 1
 */
export function createBackoff(random: () => number): Backoff {
  let bound = firstMilliseconds;
  return {
    next() {
      const wait = random() * bound;
      bound = Math.min(bound * 2, longestMilliseconds);
      return wait;
    },
    reset() {
      bound = firstMilliseconds;
    },
  };
}
