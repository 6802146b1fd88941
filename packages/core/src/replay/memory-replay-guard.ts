import * as z from "zod/mini";
import { runtime } from "#runtime";
import { type Clock, systemClock } from "../clock.js";
import { clockOption, parseOptions, wholeNumber } from "../options.js";
import { createClaimCounts } from "./claim-counts.js";
import { createFingerprint, fingerprintWords } from "./fingerprint.js";
import { createFingerprintTable } from "./fingerprint-table.js";
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
  /**
   * That no other process answers for this service, so that there is nobody to share with. Default
   * false; with `NODE_ENV=production` Node then warns once, with `FIRSTHAND_REPLAY_GUARD_IN_MEMORY`.
   */
  readonly singleProcess?: boolean | undefined;
  readonly clock?: Clock | undefined;
}

const schema = z.strictObject({
  capacity: z.optional(wholeNumber(1, 10_000_000)),
  capacityPerCaller: z.optional(wholeNumber(1, 10_000_000)),
  refuseBeforeStart: z.optional(z.boolean()),
  singleProcess: z.optional(z.boolean()),
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
  if (parsed.singleProcess !== true)
    runtime.warnInProduction("FIRSTHAND_REPLAY_GUARD_IN_MEMORY", inMemory);
  const capacityPerCaller = parsed.capacityPerCaller ?? Math.ceil(capacity / 2);
  const startedAt = clock.now() / 1000;
  const secondZero = secondsOf(clock) - 1;
  const counts = createClaimCounts(1);
  const table = createFingerprintTable();
  const fingerprint = createFingerprint();
  const print = new Uint32Array(fingerprintWords);
  let latest = 1;

  /** The second of now, after what ended before it was forgotten. Seconds count from 1. */
  function enterSecond(): number {
    const now = secondsOf(clock) - secondZero;
    if (now === latest) return now;
    counts.forget(now);
    table.sweep(now);
    latest = now;
    return now;
  }

  function isSince(issuedAt: number | undefined): boolean {
    return issuedAt !== undefined && issuedAt >= startedAt;
  }

  function claim({ key, caller, issuedAt, ttlSeconds }: ReplayClaim): ReplayOutcome {
    if (!(ttlSeconds > 0 && ttlSeconds <= maxTtlSeconds)) throw new RangeError("ttlSeconds");
    const now = enterSecond();
    fingerprint(key, print);
    if (table.has(print, now)) return "replayed";
    const endsAt = clock.now() / 1000 + ttlSeconds;
    if (endsAt <= counts.forgottenUntil + roundingSeconds) return "before_start";
    if (refuseBeforeStart && !isSince(issuedAt)) return "before_start";
    const name = caller.toString();
    if (counts.all >= capacity) return "full";
    if (counts.of(name) >= capacityPerCaller) return "quota";
    const lastSecond = now + Math.ceil(ttlSeconds) + 1;
    table.add(print, lastSecond, now);
    counts.add(name, lastSecond, endsAt);
    return "first";
  }

  return Object.freeze({ claim });
}

/** Seconds are counted in 32 bits. A verifier asks for minutes. */
const maxTtlSeconds = 2 ** 31;

const inMemory =
  "the replay guard is in the memory of this process: each replica accepts a proof once, and so does this one after a restart. " +
  "Share a guard between replicas, or say singleProcess: true";

/** A verifier counts in whole seconds, so the end of one proof can come out a second apart. */
const roundingSeconds = 1;

function secondsOf(clock: Clock): number {
  return Math.floor(clock.monotonic() / 1000);
}
