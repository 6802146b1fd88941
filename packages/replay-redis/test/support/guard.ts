import { createHash } from "node:crypto";
import { type ReplayClaim, type ReplayGuard, SpiffeId } from "@firsthand/core";
import { createTestClock, type TestClock } from "@firsthand/testing";
import { openRedisReplayGuard, type RedisReplayGuardOptions } from "../../src/index.js";

/** The second that a new test clock shows. */
export const now = 1_800_000_000;
const caller = SpiffeId.parse("spiffe://td.example/web");

/** A proof with this name that was made after the guard was opened. */
export function claimOf(name: string, changes: Partial<ReplayClaim> = {}): ReplayClaim {
  const key = createHash("sha256").update(name).digest("base64url");
  return { key, caller, issuedAt: now + 5, ttlSeconds: 90, ...changes };
}

/** A guard whose clock skips what `open` waits for, and shows ten seconds more when it is open. */
export async function openGuard(
  options: RedisReplayGuardOptions,
  clock: TestClock = createTestClock(),
): Promise<ReplayGuard> {
  const impatient = {
    ...clock,
    async delay(milliseconds: number, signal: AbortSignal) {
      if (milliseconds > 1000) return clock.delay(milliseconds, signal);
      clock.advance(milliseconds);
    },
  };
  const guard = await openRedisReplayGuard({ clock: impatient, ...options });
  clock.set((now + 10) * 1000);
  return guard;
}
