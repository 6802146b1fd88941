import {
  type Credential,
  SpiffeId,
  type TrustBundle,
  type TrustDomain,
  type TrustSource,
} from "@firsthand/core";
import { type HeldValue, heldOr } from "../held-value.js";
import { checked } from "./invalid-response.js";

/** A part of the Workload API that an operator can leave out. */
export type WorkloadProfile = "x509" | "jwt" | "wit";

/** What one profile said last, as a whole. */
export interface ProfileState {
  /** The JWT profile has none. */
  readonly credential: Credential | undefined;
  readonly bundles: ProfileBundles;
}

/** The bundles of one profile. */
export type ProfileBundles = ReadonlyMap<TrustDomain, HeldValue<TrustBundle>>;

export const noBundles: ProfileBundles = new Map();

/**
 * Reads the bundles of one profile. A bundle that was delivered before stays the same object.
 *
 * @param delivered by the SPIFFE ID of the trust domain
 * @throws {CredentialError} `response_invalid` when one of them is wrong
 */
export async function readBundles(
  delivered: ReadonlyMap<string, string | Uint8Array>,
  held: ProfileBundles,
  parse: (trustDomain: TrustDomain, content: string | Uint8Array) => Promise<TrustBundle>,
): Promise<ProfileBundles> {
  const entries = [...delivered].map(([key, content]) =>
    checked(`the bundle of ${key}`, async () => {
      const { trustDomain } = SpiffeId.parse(key);
      const make = () => parse(trustDomain, content);
      return [trustDomain, await heldOr(held.get(trustDomain), [content], make)] as const;
    }),
  );
  return new Map(await Promise.all(entries));
}

/** The bundles of one profile, to validate its own SVIDs under. */
export function trustIn(bundles: ProfileBundles): TrustSource {
  return { trustBundle: (trustDomain) => bundles.get(trustDomain)?.value };
}
