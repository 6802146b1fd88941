import {
  CredentialError,
  type JsonWebKey,
  loadWitSvid,
  type TrustDomain,
  validateWitSvid,
  type WitCredential,
} from "@firsthand/core";
import * as z from "zod/mini";
import type { WitSvidResponse } from "../../workload-api/messages.js";
import { type IdentityRules, ownSvid } from "./delivered-svids.js";
import { checked, invalidResponse, problemOf } from "./invalid-response.js";
import type { ProfileBundles } from "./profile-state.js";

/**
 * Reads our SVID in a message of the WIT profile. Checked: its form, that the key is its key, and that
 * it is of the workload that the message says.
 *
 * @throws {CredentialError} `response_invalid`, `identity_unexpected`, `trust_domain_unexpected`
 */
export async function readOwnWitSvid(
  { svids }: WitSvidResponse,
  rules: IdentityRules,
): Promise<WitCredential> {
  const { spiffeId, token, privateKey } = ownSvid(svids, rules);
  const jwk = readPrivateJwk(privateKey);
  if (jwk === undefined) throw invalidResponse("the key of the WIT-SVID is not a JWK");
  const credential = await checked("the WIT-SVID", () => loadWitSvid({ token, privateKey: jwk }));
  if (credential.id.toString() === spiffeId) return credential;
  throw invalidResponse("the WIT-SVID is of another workload than the message says");
}

const jwkSchema = z.record(z.string(), z.unknown());

/** The textual members of a JWK. Drops the error of a reader, which quotes what it read. */
function readPrivateJwk(text: string): JsonWebKey | undefined {
  try {
    const members = Object.entries(jwkSchema.parse(JSON.parse(text)));
    const isText = (member: [string, unknown]) => typeof member[1] === "string";
    return Object.fromEntries(members.filter(isText) as [string, string][]);
  } catch {
    return undefined;
  }
}

const skewSeconds = 30;
const year = 366 * 24 * 60 * 60;

/**
 * Validates our WIT-SVID as a peer would, under the bundles of the WIT profile.
 *
 * @returns what is wrong with it
 */
export function problemWithWitSvid(
  { token, expiresAt }: WitCredential,
  bundles: ProfileBundles,
  { clock }: IdentityRules,
): Promise<CredentialError | undefined> {
  const now = clock.now() / 1000;
  const trust = { trustBundle: (name: TrustDomain) => bundles.get(name)?.bundle };
  const check = { now, skewSeconds, maxLifetimeSeconds: year, profile: "spiffe" } as const;
  return problemOf("the WIT-SVID", async () => {
    if (expiresAt <= now) throw new CredentialError("credential_expired");
    await validateWitSvid(token, trust, check);
  });
}
