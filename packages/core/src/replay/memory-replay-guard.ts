import * as z from "zod/mini";
import { type Clock, systemClock } from "../clock.js";
import { capability, parseOptions, wholeNumber } from "../options.js";
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
  clock: z.optional(capability<Clock>("now", "monotonic", "delay")),
});

/**
 * Remembers proofs in the memory of this process. A live proof is never forgotten: when the guard is
 * full, new ones are not accepted. Expiry follows a monotonic clock, so setting the wall clock back
 * brings nothing back. Several replicas need a guard that they share.
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
  /** Keys by the second of the monotonic clock after which they are dead. */
  const buckets = new Map<number, Array<readonly [key: string, caller: string]>>();
  let swept = secondsOf(clock);

  function forgetDead(now: number): void {
    for (; swept < now; swept++) {
      for (const [key, caller] of buckets.get(swept) ?? []) {
        live.delete(key);
        const left = (perCaller.get(caller) as number) - 1;
        if (left === 0) perCaller.delete(caller);
        else perCaller.set(caller, left);
      }
      buckets.delete(swept);
    }
  }

  function claim({ key, caller, issuedAt, ttlSeconds }: ReplayClaim): ReplayOutcome {
    const now = secondsOf(clock);
    forgetDead(now);
    if (live.has(key)) return "replayed";
    if (refuseBeforeStart && (issuedAt === undefined || issuedAt < startedAt))
      return "before_start";
    const name = caller.toString();
    const used = perCaller.get(name) ?? 0;
    if (live.size >= capacity) return "full";
    if (used >= capacityPerCaller) return "quota";
    const deadAfter = now + Math.ceil(ttlSeconds) + 1;
    const bucket = buckets.get(deadAfter);
    if (bucket === undefined) buckets.set(deadAfter, [[key, name]]);
    else bucket.push([key, name]);
    live.add(key);
    perCaller.set(name, used + 1);
    return "first";
  }

  return Object.freeze({ claim });
}

function secondsOf(clock: Clock): number {
  return Math.floor(clock.monotonic() / 1000);
}
