/** Counts what is remembered, in all and for each caller, and what ends in the same second. */
export interface ClaimCounts {
  readonly all: number;
  of(caller: string): number;
  /** Counts one more until the second `lastSecond` is over; it ends at `endsAt` of the wall clock. */
  add(caller: string, lastSecond: number, endsAt: number): void;
  /** Leaves out what ended before the second `now`. */
  forget(now: number): void;
  /** Wall clock, in seconds: when the last of what was left out ended. Zero at first. */
  readonly forgottenUntil: number;
}

interface Bucket {
  readonly callers: Map<string, number>;
  endsAt: number;
}

/** Starts with nothing, at the second `start`. */
export function createClaimCounts(start: number): ClaimCounts {
  const callers = new Map<string, number>();
  /** By the last second in which its claims are remembered. */
  const buckets = new Map<number, Bucket>();
  let all = 0;
  let swept = start;
  let forgottenUntil = 0;

  return {
    get all() {
      return all;
    },
    get forgottenUntil() {
      return forgottenUntil;
    },
    of: (caller) => callers.get(caller) ?? 0,
    add(caller, lastSecond, endsAt) {
      const bucket = buckets.get(lastSecond) ?? { callers: new Map(), endsAt };
      buckets.set(lastSecond, bucket);
      bucket.endsAt = Math.max(bucket.endsAt, endsAt);
      count(bucket.callers, caller, 1);
      count(callers, caller, 1);
      all++;
    },
    forget(now) {
      for (; swept < now && buckets.size > 0; swept++) {
        const bucket = buckets.get(swept);
        if (bucket === undefined) continue;
        forgottenUntil = Math.max(forgottenUntil, bucket.endsAt);
        for (const [caller, ended] of bucket.callers) {
          count(callers, caller, -ended);
          all -= ended;
        }
        buckets.delete(swept);
      }
      swept = now; // also after a long time in which nothing was remembered
    },
  };
}

function count(counts: Map<string, number>, caller: string, change: number): void {
  const value = (counts.get(caller) ?? 0) + change;
  if (value === 0) counts.delete(caller);
  else counts.set(caller, value);
}
