import type { CredentialError, SpiffeId } from "@firsthand/core";

/** How an identity is. Immutable; times are milliseconds since the epoch. */
export interface IdentityState {
  /**
   * `ready`: current and good. `stale`: its source is in trouble or one of several credentials ran
   * out; the last good state is in use. `expired`: nothing valid is left, and every request that
   * needs it is refused.
   */
  readonly status: "ready" | "stale" | "expired";
  /** Why it is not ready; with a code, and a message for operators. */
  readonly reason: CredentialError | undefined;
  /** When the status began. */
  readonly since: number;
  /** When the last complete state arrived. */
  readonly updatedAt: number;
  /** When the first of the credentials runs out; undefined without credentials. */
  readonly expiresAt: number | undefined;
  /** The SPIFFE IDs of the credentials, each once, the preferred first. */
  readonly ids: readonly SpiffeId[];
}
