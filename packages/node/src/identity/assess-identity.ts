import {
  type Credential,
  CredentialError,
  type SpiffeId,
  type TrustBundle,
  type TrustDomain,
} from "@firsthand/core";
import type { IdentityState } from "./identity-state.js";

/** Credentials and bundles that belong together. */
export interface IdentitySnapshot {
  /** The preferred first; none where an identity only verifies. */
  readonly credentials: readonly Credential[];
  readonly bundles: ReadonlyMap<TrustDomain, TrustBundle>;
}

/** What can be said about a snapshot at one time, without its history. */
export type Assessment = Pick<IdentityState, "status" | "reason" | "expiresAt" | "ids">;

/**
 * The one place that says what `ready`, `stale` and `expired` mean.
 *
 * @param snapshot undefined when everything was taken back
 * @param trouble what keeps the source from saying what is current
 * @param now milliseconds since the epoch
 */
export function assessIdentity(
  snapshot: IdentitySnapshot | undefined,
  trouble: CredentialError | undefined,
  now: number,
): Assessment {
  const credentials = snapshot?.credentials ?? [];
  const [expiresAt] = expiryTimes(credentials);
  const ids = new Map(credentials.map(({ id }) => [id.toString(), id]));
  const held = { expiresAt, ids: [...ids.values()] };
  const isWhole = expiresAt === undefined || now < expiresAt;
  if (snapshot === undefined) return { ...held, status: "expired", reason: trouble };
  if (isWhole && trouble === undefined) return { ...held, status: "ready", reason: undefined };
  if (isWhole) return { ...held, status: "stale", reason: trouble };
  const reason = new CredentialError("credential_expired", { cause: trouble });
  return { ...held, status: isUsable(snapshot, now) ? "stale" : "expired", reason };
}

/** Whether a credential is left that is valid; an identity that only verifies needs none. */
export function isUsable({ credentials }: IdentitySnapshot, now: number): boolean {
  return credentials.length === 0 || credentials.some(({ expiresAt }) => now < expiresAt * 1000);
}

/** When credentials run out, in milliseconds since the epoch, the first one first. */
export function expiryTimes(credentials: readonly Credential[]): readonly number[] {
  return credentials.map(({ expiresAt }) => expiresAt * 1000).sort((a, b) => a - b);
}

/** Our SPIFFE IDs as text. */
export function idTexts(ids: readonly SpiffeId[]): readonly string[] {
  return ids.map((id) => id.toString());
}
