import type { SpiffeId, TrustDomain } from "@firsthand/core";

/** Which files make the identity, by absolute paths. */
export interface IdentityFiles {
  /** Undefined for an identity that only verifies. */
  readonly credential: CredentialFiles | undefined;
  /** The bundle of our own trust domain. */
  readonly bundle: string | undefined;
  /** Bundles of several trust domains. */
  readonly bundleMap: string | undefined;
  /** Bundles by their trust domain. They come before those of the other files. */
  readonly bundles: ReadonlyMap<TrustDomain, string>;
}

/** One file for both is possible. */
export interface CredentialFiles {
  readonly certificates: string;
  readonly privateKey: string;
}

/** Who we have to be. */
export interface ExpectedIdentity {
  readonly id: SpiffeId | undefined;
  readonly trustDomain: TrustDomain | undefined;
}

/** Each path once. */
export function pathsOf({ credential, bundle, bundleMap, bundles }: IdentityFiles): Set<string> {
  const paths = [credential?.certificates, credential?.privateKey, bundle, bundleMap];
  return new Set([...paths, ...bundles.values()].filter((path) => path !== undefined));
}
