import { VerificationError } from "../errors.js";
import { hashBytes } from "../hash.js";
import type { CredentialCache } from "../proof/credential-cache.js";
import { checkContent, proofIdOf } from "../proof/proof-claims.js";
import { readSecurityHeaders, singleHeader } from "../proof/security-headers.js";
import type { VerifiedCredential } from "../proof/verified-credential.js";
import { type CredentialRules, verifyCredential } from "../proof/verify-credential.js";
import type { VerificationCode } from "../refusal-codes.js";
import { valueInResponse } from "./component.js";
import { parseContentDigest } from "./content-digest.js";
import { checkCoverage, componentsOfResponse, presentIn } from "./coverage.js";
import { findSignature, signatureKindsIn } from "./message-signature.js";
import type { AnsweredRequest } from "./sign-response.js";
import { parseSignatureParameters } from "./signature-parameters.js";
import { type SignatureRules, verifySignature } from "./verify-signature.js";

/** A response as it was received. */
export interface ReceivedResponse {
  readonly status: number;
  /** Names and values, repetitions included. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** After transfer decoding and before content decoding; empty when there is none. */
  readonly content: Uint8Array;
}

const token = "http-signature";

/**
 * Checks that a response was signed by the holder of a credential that its trust domain vouches for,
 * as the answer to exactly this request (http-signature-07 §3.4).
 *
 * @returns the credential of the one who answered
 * @throws {VerificationError}
 */
export async function verifyResponse(
  { status, headers, content }: ReceivedResponse,
  { format, nonce, head }: AnsweredRequest,
  rules: SignatureRules & CredentialRules,
  cache: CredentialCache,
  now: number,
): Promise<VerifiedCredential> {
  const refuse = (code: VerificationCode) => new VerificationError(code, { token });
  const fields = readSecurityHeaders(headers);
  const [kind, other] = signatureKindsIn(fields);
  if (kind === undefined) throw refuse("signature_tag_missing");
  if (other !== undefined) throw refuse("signature_ambiguous");
  const credentialText =
    kind === "wit-svid" ? fields.workloadIdentityToken : fields.workloadIdentityCertificate;
  if (credentialText === undefined) throw refuse("signature_without_credential");
  singleHeader(headers, "content-type");
  const digest = singleHeader(headers, "content-digest")?.trim();
  const signature = findSignature(fields, kind);
  const parameters = parseSignatureParameters(signature.parameters, "response");
  checkCoverage(signature.components, presentIn(headers, componentsOfResponse(format, kind)));
  const signed = { kind, signature, credentialText, format: formats[kind] };
  const credential = await verifyCredential(signed, rules, cache, now);
  const response = { status, headers, request: head };
  const valueFor = (identifier: string) => valueInResponse(identifier, response);
  await verifySignature(signature, parameters, credential, valueFor, rules, now);
  cache.set(credentialText, credential);
  proofIdOf({ jti: parameters.nonce }, token);
  if (parameters.requestNonce !== nonce) {
    throw new VerificationError("signature_request_mismatch", { token });
  }
  const bound = digest === undefined ? undefined : parseContentDigest(digest);
  checkContent(bound, await hashBytes(content), token);
  return credential;
}

/** What tells how a credential is read; the revision plays no part in that. */
const formats = { "wit-svid": "http-signature-07", "x509-svid": "svid-signature-1" } as const;
