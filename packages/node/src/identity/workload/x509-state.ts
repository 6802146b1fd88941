import {
  type CredentialError,
  loadX509Svid,
  parseX509Bundle,
  splitDer,
  validateX509Svid,
  type X509Credential,
} from "@firsthand/core";
import type { X509SvidEntry, X509SvidResponse } from "../../workload-api/messages.js";
import { ownSkewSeconds } from "../own-svid-limits.js";
import { type IdentityRules, ownSvid } from "./delivered-svids.js";
import { checked, invalidResponse, problemOf } from "./invalid-response.js";
import {
  noBundles,
  type ProfileBundles,
  type ProfileState,
  readBundles,
  trustIn,
} from "./profile-state.js";
import { unchanged } from "./unchanged.js";

/** What a message says. */
export interface X509Reading {
  readonly state: ProfileState;
  /** Set when its bundle does not vouch for the SVID that we hold. */
  readonly problem: CredentialError | undefined;
}

/**
 * Reads a message of the X.509 profile (Workload API §5) and validates our SVID in it as a peer would:
 * its key, its form, its path to the authorities that came with it, and its times. The keys in the
 * message are filled with zeros.
 *
 * An SVID that is not valid spoils the message. But where it is the one that we hold, its authority was
 * taken back: then the bundles have to take effect, and the SVID stays until another comes.
 *
 * @throws {CredentialError} `response_invalid`, `identity_unexpected`, `trust_domain_unexpected`
 */
export async function readX509State(
  message: X509SvidResponse,
  rules: IdentityRules,
  held: ProfileState | undefined,
): Promise<X509Reading> {
  try {
    const own = ownSvid(message.svids, rules);
    const delivered = await loadCredential(own);
    const bundles = await readX509Bundles(own, message, delivered, held?.bundles ?? noBundles);
    const problem = await problemWith(delivered, bundles, rules);
    const credential = unchanged(delivered, held?.credential);
    if (problem !== undefined && credential === delivered) throw problem;
    return { state: { credential, bundles }, problem };
  } finally {
    for (const { key } of message.svids) key.fill(0);
  }
}

async function loadCredential({ spiffeId, certificates, key }: X509SvidEntry) {
  const credential = await checked("the X.509-SVID", () =>
    loadX509Svid({ chain: splitDer(certificates), privateKey: key }),
  );
  if (credential.id.toString() === spiffeId) return credential;
  throw invalidResponse("the X.509-SVID is of another workload than the message says");
}

/**
 * Our own bundle and the federated ones. Who delivers two for our trust domain delivers them alike. A
 * federated domain may be left without an authority: then nothing of it is trusted.
 */
async function readX509Bundles(
  own: X509SvidEntry,
  { federatedBundles }: X509SvidResponse,
  { id }: X509Credential,
  held: ProfileBundles,
): Promise<ProfileBundles> {
  const ownKey = `spiffe://${id.trustDomain}`;
  const repeated = federatedBundles.get(ownKey);
  if (repeated !== undefined && !Buffer.from(repeated).equals(own.bundle)) {
    throw invalidResponse("our trust domain has two bundles");
  }
  const delivered = new Map(federatedBundles).set(ownKey, own.bundle);
  return readBundles(delivered, held, (trustDomain, der) =>
    parseX509Bundle(trustDomain, der as Uint8Array),
  );
}

async function problemWith(
  { chain }: X509Credential,
  bundles: ProfileBundles,
  { clock }: IdentityRules,
): Promise<CredentialError | undefined> {
  const check = { now: Math.floor(clock.now() / 1000), skewSeconds: ownSkewSeconds };
  return problemOf("the X.509-SVID", () => validateX509Svid(chain, trustIn(bundles), check));
}
