import { VerificationError } from "../errors.js";
import { isSameField } from "../same-field.js";
import { sessionHeaders } from "../session/protocol.js";
import { fieldValue } from "../signature/message-head.js";
import type { ProofRequest } from "./proof-request.js";

/** The header fields that take part in a decision. Each but the signature fields may occur once. */
export interface SecurityHeaders {
  readonly svidProof: string | undefined;
  readonly sessionProof: string | undefined;
  readonly workloadIdentityToken: string | undefined;
  readonly workloadProofToken: string | undefined;
  readonly workloadIdentityCertificate: string | undefined;
  readonly authorization: Credentials | undefined;
  readonly txnToken: string | undefined;
  /** Every line of the field: whoever stands between may add a signature of its own. */
  readonly signatureInput: string | undefined;
  readonly signature: string | undefined;
}

/** An `Authorization` value (RFC 9110 §11.4). */
export interface Credentials {
  /** Lower case: schemes are compared without case. */
  readonly scheme: string;
  readonly value: string;
}

/** Field names as they are sent; compared without case. */
export const headerNames = {
  svidProof: "SVID-Proof",
  sessionProof: sessionHeaders.proof,
  workloadIdentityToken: "Workload-Identity-Token",
  workloadProofToken: "Workload-Proof-Token",
  workloadIdentityCertificate: "Workload-Identity-Certificate",
  authorization: "Authorization",
  txnToken: "Txn-Token",
} as const;

/** The fields of a message signature (RFC 9421 §4, RFC 9530 §2), as they are sent. */
export const signatureFieldNames = {
  signatureInput: "Signature-Input",
  signature: "Signature",
  contentDigest: "Content-Digest",
} as const;

/**
 * Reads the security headers from the raw list, where a repeated field can still be seen.
 *
 * @throws {VerificationError} `header_duplicate`, `header_invalid`
 */
export function readSecurityHeaders(headers: ProofRequest["headers"]): SecurityHeaders {
  const authorization = singleHeader(headers, headerNames.authorization);
  return {
    svidProof: tokenHeader(headers, headerNames.svidProof),
    sessionProof: tokenHeader(headers, headerNames.sessionProof),
    workloadIdentityToken: tokenHeader(headers, headerNames.workloadIdentityToken),
    workloadProofToken: tokenHeader(headers, headerNames.workloadProofToken),
    workloadIdentityCertificate: singleHeader(headers, headerNames.workloadIdentityCertificate),
    authorization: authorization === undefined ? undefined : credentialsOf(authorization),
    txnToken: tokenHeader(headers, headerNames.txnToken),
    signatureInput: fieldValue(headers, signatureFieldNames.signatureInput.toLowerCase()),
    signature: fieldValue(headers, signatureFieldNames.signature.toLowerCase()),
  };
}

/**
 * The value of a field that may occur once, or undefined when it is absent.
 *
 * @throws {VerificationError} `header_duplicate`, `header_invalid`
 */
export function singleHeader(headers: ProofRequest["headers"], name: string): string | undefined {
  let found: string | undefined;
  for (const field of headers) {
    if (!isSameField(field[0], name)) continue;
    const value: unknown = field[1];
    if (found !== undefined) throw new VerificationError("header_duplicate");
    if (typeof value !== "string" || !/^[\t\x20-\x7e]*$/.test(value)) {
      throw new VerificationError("header_invalid");
    }
    found = value;
  }
  return found;
}

/** A field that is one token: a comma means that a proxy joined two fields. */
function tokenHeader(headers: ProofRequest["headers"], name: string): string | undefined {
  const value = singleHeader(headers, name);
  if (value?.includes(",")) throw new VerificationError("header_duplicate");
  return value;
}

const tokenSchemes = ["wpt", "bearer", "dpop"];

function credentialsOf(authorization: string): Credentials {
  const space = authorization.indexOf(" ");
  const end = space === -1 ? authorization.length : space;
  const scheme = authorization.slice(0, end).toLowerCase();
  const value = authorization.slice(end).trim();
  if (tokenSchemes.includes(scheme) && value.includes(",")) {
    throw new VerificationError("header_duplicate");
  }
  return { scheme, value };
}
