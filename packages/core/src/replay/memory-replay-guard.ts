import * as z from "zod/mini";
import { type Clock, systemClock } from "../clock.js";
import { clockOption, parseOptions, wholeNumber } from "../options.js";
import type { ReplayClaim, ReplayGuard, ReplayOutcome } from "./replay-guard.js";

export interface MemoryReplayGuardOptions {
  /** How many live proofs are remembered. Default 1,000,000. */
  readonly capacity?: number | undefined;
  /** How many of them one caller may have. Default half of the capacity. */
  readonly capacityPerCaller?: number | undefined;
  /**
   * Refuses proofs that were issued before the guard was made: what another process accepted until
   * then is unknown. Default false; then a proof can be used again after a restart while it lasts.
   */
  readonly refuseBeforeStart?: boolean | undefined;
  readonly clock?: Clock | undefined;
}

const schema = z.strictObject({
  capacity: z.optional(wholeNumber(1, 10_000_000)),
  capacityPerCaller: z.optional(wholeNumber(1, 10_000_000)),
  refuseBeforeStart: z.optional(z.boolean()),
  clock: z.optional(clockOption),
});

/**
 * Remembers proofs in the memory of this process. A live proof is never forgotten: when the guard is
 * full, new ones are not accepted. Expiry follows a monotonic clock; when the wall clock is set back,
 * proofs that end before one that was forgotten are refused with `before_start`. Several replicas
 * need a guard that they share.
 *
 * @throws {ConfigurationError}
 */
export function memoryReplayGuard(options: MemoryReplayGuardOptions = {}): ReplayGuard {
  const parsed = parseOptions("memoryReplayGuard", schema, options);
  const { capacity = 1_000_000, refuseBeforeStart = false, clock = systemClock } = parsed;
  const capacityPerCaller = parsed.capacityPerCaller ?? Math.ceil(capacity / 2);
  const startedAt = clock.now() / 1000;
  const live = new Set<string>();
  const perCaller = new Map<string, number>();
  /** By the second of the monotonic clock after which its proofs are dead. */
  const buckets = new Map<number, Bucket>();
  let swept = secondsOf(clock);
  /** Wall clock, in seconds: when the last of the forgotten proofs ended. */
  let forgottenUntil = 0;

  function forgetDead(now: number): void {
    for (; swept < now && buckets.size > 0; swept++) {
      const bucket = buckets.get(swept);
      if (bucket === undefined) continue;
      forgottenUntil = Math.max(forgottenUntil, bucket.endsAt);
      for (const [key, caller] of bucket.proofs) {
        live.delete(key);
        const left = (perCaller.get(caller) as number) - 1;
        if (left === 0) perCaller.delete(caller);
        else perCaller.set(caller, left);
      }
      buckets.delete(swept);
    }
    swept = now; // also after a long time in which nothing was remembered
  }

  function claim({ key, caller, issuedAt, ttlSeconds }: ReplayClaim): ReplayOutcome {
    const now = secondsOf(clock);
    forgetDead(now);
    if (live.has(key)) return "replayed";
    const endsAt = clock.now() / 1000 + ttlSeconds;
    if (endsAt <= forgottenUntil + roundingSeconds) return "before_start";
    if (refuseBeforeStart && (issuedAt === undefined || issuedAt < startedAt))
      return "before_start";
    const name = caller.toString();
    const used = perCaller.get(name) ?? 0;
    if (live.size >= capacity) return "full";
    if (used >= capacityPerCaller) return "quota";
    const deadAfter = now + Math.ceil(ttlSeconds) + 1;
    const bucket = buckets.get(deadAfter) ?? { proofs: [], endsAt };
    bucket.proofs.push([key, name]);
    bucket.endsAt = Math.max(bucket.endsAt, endsAt);
    buckets.set(deadAfter, bucket);
    live.add(key);
    perCaller.set(name, used + 1);
    return "first";
  }

  return Object.freeze({ claim });
}

/** Proofs that die in the same second. */
interface Bucket {
  readonly proofs: (readonly [key: string, caller: string])[];
  /** Wall clock, in seconds: when the last of them ends. */
  endsAt: number;
}

/** A verifier counts in whole seconds, so the end of one proof can come out a second apart. */
const roundingSeconds = 1;

function secondsOf(clock: Clock): number {
  return Math.floor(clock.monotonic() / 1000);
}
