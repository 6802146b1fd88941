import { CredentialError, formatTrustBundle, type TrustBundle } from "@firsthand/core";

/**
 * Which of two bundles of a trust domain is to be held. A higher `spiffe_sequence` always wins, and
 * other authorities need one (SPIFFE Trust Domain and Bundle §4.1.1): with a lower one they are an old
 * copy, with the same or none nobody can tell. Where the held bundle has none, the latest answer wins
 * (SPIFFE Federation §4.2).
 *
 * The same authorities, in whatever order, are no rollback: the held bundle stays, the same object.
 * Replicas of an endpoint may each count for themselves.
 *
 * @throws {CredentialError} `bundle_rollback`
 */
export async function newerBundle(held: TrustBundle, fetched: TrustBundle): Promise<TrustBundle> {
  if (isLater(fetched, held)) return fetched;
  if ((await authoritiesOf(fetched)) === (await authoritiesOf(held))) return held;
  if (held.sequence !== undefined) throw new CredentialError("bundle_rollback");
  return fetched;
}

function isLater({ sequence }: TrustBundle, held: TrustBundle): boolean {
  return sequence !== undefined && (held.sequence === undefined || sequence > held.sequence);
}

function authoritiesOf(bundle: TrustBundle): Promise<string> {
  return formatTrustBundle({ ...bundle, sequence: undefined, refreshHintSeconds: undefined });
}
