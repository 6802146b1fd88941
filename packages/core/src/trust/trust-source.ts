import type { Credential } from "../credential/credential.js";
import type { TrustDomain } from "../spiffe/spiffe-id.js";
import type { TrustBundle } from "./trust-bundle.js";

/** Where trust comes from. A snapshot: the answer never waits and is never torn. */
export interface TrustSource {
  /**
   * The bundle of exactly this trust domain, or `undefined` when there is none.
   * A changed bundle is a new object; whoever caches a verdict keys it by the bundle.
   *
   * @throws {CredentialError} `source_not_ready`, `source_closed`
   */
  trustBundle(trustDomain: TrustDomain): TrustBundle | undefined;
}

/** Where our own credentials come from. A snapshot, like {@link TrustSource}. */
export interface CredentialSource {
  /**
   * The current credentials of this workload, the preferred first.
   *
   * @throws {CredentialError} `source_not_ready`, `source_closed`
   */
  credentials(): readonly Credential[];
}

/** A workload's identity: what it is, and whom it trusts to say who others are. */
export interface WorkloadIdentity extends TrustSource, CredentialSource {}
