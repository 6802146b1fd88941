import type { X509Credential } from "../credential/credential.js";
import { base64, base64url, fromBase64 } from "../encoding.js";
import { VerificationError } from "../errors.js";
import { type JwsAlgorithm, proofAlgorithmOf } from "../jose/algorithms.js";
import { type JwsProfile, type JwsSegments, parseHeader } from "../jose/compact-jws.js";
import type { JsonObject } from "../jose/strict-json.js";
import type { VerificationCode } from "../refusal-codes.js";
import type { TrustSource } from "../trust/trust-source.js";
import { callerCredentialOf } from "../x509/caller-credential.js";
import { validateX509Svid } from "../x509/x509-svid.js";
import type { VerifiedCredential } from "./verified-credential.js";

const token = "svid-proof";
const type = "svid-proof+jwt";

const refuse = (code: VerificationCode) => new VerificationError(code, { token });

/** The JWS profile of SVID-Proof, version 1. */
export function svidProofProfile(
  algorithms: readonly JwsAlgorithm[],
): JwsProfile & { readonly token: "svid-proof" } {
  return {
    token,
    maxBytes: 12 * 1024,
    types: [type],
    algorithms,
    headerParameters: ["typ", "alg", "x5c"],
  };
}

/** The header segment of every SVID-Proof that is made with a credential. */
export function svidProofHeader({ algorithm, chain }: X509Credential): string {
  return base64url(JSON.stringify({ typ: type, alg: algorithm, x5c: chain.map(base64) }));
}

/**
 * Validates the X.509-SVID in the header of an SVID-Proof. The verdict depends on nothing but the
 * header segment, the bundle and the time.
 *
 * @throws {VerificationError}
 */
export async function validateSvidProofHeader(
  segments: JwsSegments,
  profile: JwsProfile,
  trust: TrustSource,
  times: { readonly now: number; readonly skewSeconds: number },
): Promise<VerifiedCredential> {
  const { parameters, algorithm } = parseHeader(segments, profile);
  const svid = await validateX509Svid(chainOf(parameters), trust, times, "svid-proof");
  if (algorithm !== proofAlgorithmOf(svid.key.shape)) throw refuse("token_algorithm_mismatch");
  const { id, key, bundle } = svid;
  return { id, key, algorithm, bundle, record: callerCredentialOf(svid) };
}

/**
 * Checks what only an SVID-Proof claims: `sub` repeats the identity of the leaf, `iat` is there,
 * `iat` and `exp` are integers, `aud` is not a list.
 *
 * @throws {VerificationError} `proof_subject_mismatch`, `proof_issued_at_missing`,
 * `token_claim_invalid`
 */
export function checkSvidProofClaims(claims: JsonObject, { id }: VerifiedCredential): void {
  const { sub, iat, exp, aud } = claims;
  if (sub !== id.toString()) throw refuse("proof_subject_mismatch");
  if (iat === undefined) throw refuse("proof_issued_at_missing");
  const areIntegers = Number.isSafeInteger(iat) && Number.isSafeInteger(exp ?? 0);
  if (!areIntegers || Array.isArray(aud)) throw refuse("token_claim_invalid");
}

/**
 * The certificates of an `x5c` header parameter.
 *
 * @throws {VerificationError} `token_malformed`, `token_encoding_invalid`
 */
export function chainOf({ x5c }: JsonObject): readonly Uint8Array[] {
  if (!Array.isArray(x5c)) throw refuse("token_malformed");
  return x5c.map((text: unknown) => {
    if (typeof text !== "string") throw refuse("token_malformed");
    const der = fromBase64(text);
    if (der === undefined) throw refuse("token_encoding_invalid");
    return der;
  });
}
