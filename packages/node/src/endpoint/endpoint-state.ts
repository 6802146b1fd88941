import type { CredentialError } from "@firsthand/core";

/** How an endpoint is that is asked again and again. Immutable; times are milliseconds since the epoch. */
export interface EndpointState {
  /**
   * `ready`: the endpoint answered when it was asked last. `stale`: it did not, or not with something
   * to be accepted, and the bundle or key set from before is in use. `expired`: that lasts for longer
   * than `maxStaleSeconds`, and whatever rests on it is refused.
   */
  readonly status: "ready" | "stale" | "expired";
  /** Why it is not ready; with a code, and a message for operators that names the endpoint. */
  readonly reason: CredentialError | undefined;
  /** When the status began. */
  readonly since: number;
  /** When the endpoint confirmed what it serves last; before it ever did, when it was opened. */
  readonly updatedAt: number;
}
