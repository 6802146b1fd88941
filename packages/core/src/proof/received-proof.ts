import { fromBase64url } from "../encoding.js";
import { VerificationError } from "../errors.js";
import { parseStrictJson } from "../jose/strict-json.js";
import type { VerificationCode } from "../refusal-codes.js";
import {
  findSignature,
  type SignatureKind,
  signatureKindsIn,
} from "../signature/message-signature.js";
import { type RequestSignature, requestSignature } from "../signature/request-signature.js";
import type { ProofFormat } from "./format.js";
import type { SecurityHeaders } from "./security-headers.js";

/** The one proof of a request, not yet looked into. */
export type ReceivedProof = ReceivedToken | RequestSignature;

/** A proof token with its credential. */
export type ReceivedToken =
  | { readonly format: "svid-proof-1"; readonly token: string }
  | { readonly format: "wpt-01" | "wpt-02"; readonly token: string; readonly wit: string };

/**
 * Finds the proof of a request. More than one kind is refused, also when only one is accepted: it
 * would be open which of them names the caller.
 *
 * @throws {VerificationError} `proof_missing`, `proof_ambiguous`, `proof_kind_not_accepted`,
 * `wit_without_proof`, `wpt_without_wit`, `wit_as_bearer`, `certificate_without_signature`,
 * `signature_without_credential`, and what {@link findSignature} throws
 */
export function findProof(headers: SecurityHeaders, accept: readonly ProofFormat[]): ReceivedProof {
  const { svidProof, workloadProofToken } = headers;
  const [kind, ...otherKinds] = signatureKindsIn(headers);
  const found = [svidProof, workloadProofToken, wptOf(headers), kind, ...otherKinds].filter(
    (proof) => proof !== undefined,
  );
  const isAmbiguous = found.length > 1 || (found.length === 1 && hasOtherCredential(headers, kind));
  if (isAmbiguous) throw new VerificationError("proof_ambiguous");
  const proof = kind === undefined ? receivedToken(headers) : receivedSignature(headers, kind);
  if (proof === undefined) throw new VerificationError(codeOfAbsence(headers));
  if (!accept.includes(proof.format)) throw new VerificationError("proof_kind_not_accepted");
  return proof;
}

/** Whether a request carries anything of a proof, complete or not. */
export function carriesProof(headers: SecurityHeaders): boolean {
  const isSigned = signatureKindsIn(headers).length > 0;
  const hasProof = headers.svidProof ?? headers.sessionProof;
  return hasProof !== undefined || isSigned || codeOfAbsence(headers) !== "proof_missing";
}

/**
 * Finds the proof by session of a request, which has to be its only proof.
 *
 * @throws {VerificationError} `proof_ambiguous`
 */
export function findSessionProof(headers: SecurityHeaders): string | undefined {
  if (headers.sessionProof === undefined) return undefined;
  const { svidProof, workloadProofToken, workloadIdentityToken } = headers;
  const token = svidProof ?? workloadProofToken ?? workloadIdentityToken ?? wptOf(headers);
  const signed = token ?? headers.workloadIdentityCertificate ?? signatureKindsIn(headers)[0];
  if (signed !== undefined) throw new VerificationError("proof_ambiguous");
  return headers.sessionProof;
}

/** Whether a credential travels beside the one proof that was made with another. */
function hasOtherCredential(
  { svidProof, workloadIdentityToken, workloadIdentityCertificate }: SecurityHeaders,
  kind: SignatureKind | undefined,
): boolean {
  if (kind === "x509-svid") return workloadIdentityToken !== undefined;
  const isByX509 = svidProof !== undefined && workloadIdentityToken !== undefined;
  return isByX509 || workloadIdentityCertificate !== undefined;
}

function receivedToken(headers: SecurityHeaders): ReceivedToken | undefined {
  const { svidProof, workloadProofToken: wpt01, workloadIdentityToken: wit } = headers;
  if (svidProof !== undefined) return { format: "svid-proof-1", token: svidProof };
  if (wit === undefined) return undefined;
  if (wpt01 !== undefined) return { format: "wpt-01", token: wpt01, wit };
  const wpt02 = wptOf(headers);
  return wpt02 === undefined ? undefined : { format: "wpt-02", token: wpt02, wit };
}

function receivedSignature(
  headers: SecurityHeaders,
  kind: SignatureKind,
): RequestSignature | undefined {
  const { workloadIdentityToken, workloadIdentityCertificate } = headers;
  const credential = kind === "wit-svid" ? workloadIdentityToken : workloadIdentityCertificate;
  if (credential === undefined) return undefined;
  return requestSignature(findSignature(headers, kind), kind, credential);
}

function wptOf({ authorization }: SecurityHeaders): string | undefined {
  return authorization?.scheme === "wpt" ? authorization.value : undefined;
}

function codeOfAbsence(headers: SecurityHeaders): VerificationCode {
  const { workloadIdentityToken, workloadIdentityCertificate, authorization } = headers;
  if (signatureKindsIn(headers).length > 0) return "signature_without_credential";
  const credential = workloadIdentityToken ?? workloadIdentityCertificate;
  if (credential !== undefined && headers.signatureInput !== undefined)
    return "signature_tag_missing";
  if (workloadIdentityToken !== undefined) return "wit_without_proof";
  if (workloadIdentityCertificate !== undefined) return "certificate_without_signature";
  if ((headers.workloadProofToken ?? wptOf(headers)) !== undefined) return "wpt_without_wit";
  if (authorization?.scheme === "bearer" && isWit(authorization.value)) return "wit_as_bearer";
  return "proof_missing";
}

/** Tells an operator what went wrong; nothing is decided by it. */
function isWit(token: string): boolean {
  const header = fromBase64url(token.slice(0, token.indexOf(".")));
  try {
    return header !== undefined && parseStrictJson(header).typ === "wit+jwt";
  } catch {
    return false;
  }
}
