import type { Awaitable } from "../awaitable.js";
import type { SpiffeId } from "../spiffe/spiffe-id.js";

/** One proof that passed every other check. */
export interface ReplayClaim {
  /** base64url SHA-256 over credential thumbprint and `jti`: 43 characters. */
  readonly key: string;
  readonly caller: SpiffeId;
  /** Seconds since the epoch; undefined for a proof without `iat`. */
  readonly issuedAt: number | undefined;
  /** For how many seconds the same proof could still be accepted, skew included. */
  readonly ttlSeconds: number;
}

/**
 * `first`: not seen before, and now remembered. `replayed`: seen before. `full`, `quota`: cannot be
 * remembered, for all callers or for this one. `before_start`: older than what the guard
 * can know, because it had not started or has forgotten.
 */
export type ReplayOutcome = "first" | "replayed" | "full" | "quota" | "before_start";

/**
 * Remembers proofs while they could be accepted again. `claim` is atomic: of any number of claims
 * of one key, over all processes that share the guard, exactly one is `first`.
 */
export interface ReplayGuard {
  claim(claim: ReplayClaim): Awaitable<ReplayOutcome>;
}
