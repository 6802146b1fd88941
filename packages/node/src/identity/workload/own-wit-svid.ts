import {
  CredentialError,
  type JsonWebKey,
  loadWitSvid,
  parseStrictJson,
  validateWitSvid,
  type WitCredential,
} from "@firsthand/core";
import type { WitSvidResponse } from "../../workload-api/messages.js";
import { ownLifetimeSeconds, ownSkewSeconds } from "../own-svid-limits.js";
import { type IdentityRules, ownSvid } from "./delivered-svids.js";
import { checked, invalidResponse, problemOf } from "./invalid-response.js";
import { type ProfileBundles, trustIn } from "./profile-state.js";

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

/** The textual members of a JWK. Drops the error of a reader, which quotes what it read. */
function readPrivateJwk(text: string): JsonWebKey | undefined {
  try {
    const members = Object.entries(parseStrictJson(Buffer.from(text)));
    const isText = (member: [string, unknown]) => typeof member[1] === "string";
    return Object.fromEntries(members.filter(isText) as [string, string][]);
  } catch {
    return undefined;
  }
}

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
  const check = {
    now,
    skewSeconds: ownSkewSeconds,
    maxLifetimeSeconds: ownLifetimeSeconds,
    profile: "spiffe",
  } as const;
  return problemOf("the WIT-SVID", async () => {
    if (expiresAt <= now) throw new CredentialError("credential_expired");
    await validateWitSvid(token, trustIn(bundles), check);
  });
}
