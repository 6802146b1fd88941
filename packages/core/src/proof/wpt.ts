import type { WitCredential } from "../credential/credential.js";
import { base64url } from "../encoding.js";
import { VerificationError } from "../errors.js";
import { hashText } from "../hash.js";
import type { JwsAlgorithm } from "../jose/algorithms.js";
import { type TimeCheck, textClaim } from "../jose/claims.js";
import { type JwsProfile, type JwsSegments, parseHeader } from "../jose/compact-jws.js";
import type { JsonObject } from "../jose/strict-json.js";
import type { VerificationCode } from "../refusal-codes.js";
import { validateWitSvid, type WitProfile } from "../svid/wit-svid.js";
import type { TrustSource } from "../trust/trust-source.js";
import type { VerifiedCredential } from "./verified-credential.js";

const token = "wpt";
const type = "wpt+jwt";

const refuse = (code: VerificationCode) => new VerificationError(code, { token });

/** The JWS profile of the WPT (draft-ietf-wimse-wpt-02 §2.1). */
export function wptProfile(
  algorithms: readonly JwsAlgorithm[],
): JwsProfile & { readonly token: "wpt" } {
  return { token, maxBytes: 12 * 1024, types: [type], algorithms };
}

/** The header segment of every WPT that is made with a credential. */
export function wptHeader({ algorithm }: WitCredential): string {
  return base64url(JSON.stringify({ typ: type, alg: algorithm }));
}

/**
 * Validates the WIT-SVID that travels with a WPT. The verdict depends on nothing but its text, the
 * bundle and the time.
 *
 * @throws {VerificationError}
 */
export async function validateWit(
  text: string,
  trust: TrustSource,
  check: TimeCheck & { readonly maxLifetimeSeconds: number; readonly profile: WitProfile },
): Promise<VerifiedCredential> {
  const { id, key, algorithm, bundle, notBefore, expiresAt, issuer } = await validateWitSvid(
    text,
    trust,
    check,
  );
  const thumbprint = await hashText(text);
  const record = { kind: "wit-svid", thumbprint, notBefore, expiresAt, issuer } as const;
  return { id, key, algorithm, bundle, record: Object.freeze(record) };
}

/**
 * Reads the header of a WPT: its `alg` is the `alg` of the confirmation key, as a string.
 *
 * @throws {VerificationError}
 */
export function checkWptHeader(
  segments: JwsSegments,
  profile: JwsProfile,
  { algorithm }: VerifiedCredential,
): void {
  if (parseHeader(segments, profile).algorithm !== algorithm) {
    throw refuse("token_algorithm_mismatch");
  }
}

/**
 * Checks `wth`: the proof was made with exactly this WIT-SVID.
 *
 * @throws {VerificationError} `proof_credential_unbound`, `proof_credential_mismatch`,
 * `token_claim_invalid`
 */
export function checkWptClaims(claims: JsonObject, { record }: VerifiedCredential): void {
  const wth = textClaim(claims, "wth", token);
  if (wth === undefined) throw refuse("proof_credential_unbound");
  if (wth !== record.thumbprint) throw refuse("proof_credential_mismatch");
}
