import type { Credential, WorkloadIdentity } from "@firsthand/core";
import { type IdentityMaterial, loadIdentity } from "./identity.js";
import type { IssueWitSvidOptions } from "./token/issue-token-svid.js";
import type { IssueX509SvidOptions } from "./x509/issue-x509-svid.js";

/** What a workload of a test holds. */
export interface IdentityOptions {
  /** The preferred first; by default one X.509-SVID. */
  readonly credentials?: readonly Credential["kind"][] | undefined;
  readonly x509Svid?: IssueX509SvidOptions | undefined;
  readonly witSvid?: IssueWitSvidOptions | undefined;
}

/** The identity of a workload, issued by a trust domain of the same process. */
export interface TestIdentity extends WorkloadIdentity {
  /**
   * Takes fresh credentials and the newest bundles, as a workload does when its trust domain rotates.
   * Until it is called the identity stays what it is.
   */
  renew(): Promise<void>;
  /** What it holds as plain JSON, private keys included, for `loadIdentity` in another process. */
  material(): IdentityMaterial;
}

/** An identity over what `issue` delivers, now and with each renewal. */
export async function openTestIdentity(
  issue: () => Promise<IdentityMaterial>,
): Promise<TestIdentity> {
  async function deliver() {
    const material = await issue();
    return { material, source: await loadIdentity(material) };
  }
  let current = await deliver();
  return {
    credentials: () => current.source.credentials(),
    trustBundle: (trustDomain) => current.source.trustBundle(trustDomain),
    material: () => current.material,
    async renew() {
      current = await deliver();
    },
  };
}
