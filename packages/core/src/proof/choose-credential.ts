import type { Credential, WitCredential, X509Credential } from "../credential/credential.js";
import { CredentialError, ProofError } from "../errors.js";
import { isSameField } from "../same-field.js";
import type { SignatureCredential } from "../signature/signature-credential.js";
import { isSignatureFormat, type ProofFormat } from "./format.js";
import { headerNames, signatureFieldNames } from "./security-headers.js";

/** A credential and the kind of proof to make with it. */
export type ChosenCredential = TokenCredential | SignatureCredential;

/** A kind of proof token, with the credential to make it with. */
export type TokenCredential =
  | { readonly format: "svid-proof-1"; readonly credential: X509Credential }
  | { readonly format: "wpt-02" | "wpt-01"; readonly credential: WitCredential };

/** Whether it is for a signature over the message. */
export function isSignature(chosen: ChosenCredential): chosen is SignatureCredential {
  return isSignatureFormat(chosen.format);
}

const proofHeaders = [
  headerNames.svidProof,
  headerNames.sessionProof,
  headerNames.workloadIdentityToken,
  headerNames.workloadProofToken,
  headerNames.workloadIdentityCertificate,
];
const signatureFields = Object.values(signatureFieldNames);
const authorization: readonly string[] = [headerNames.authorization];
const none: readonly string[] = [];

/** What a request must not have yet for a kind of proof: its own fields of that name travel on. */
function occupiedBy(format: ProofFormat): readonly string[] {
  if (isSignatureFormat(format)) return signatureFields;
  return format === "wpt-02" ? authorization : none;
}

/**
 * Takes the first kind of proof that the peer accepts and that we have a credential for. A kind is
 * passed over when the request already has a field that it occupies: WPT-02 `Authorization`, a
 * signature `Signature`, `Signature-Input` and `Content-Digest`.
 *
 * @throws {CredentialError} `credential_missing`, `credential_expired`
 * @throws {ProofError} `header_conflict`
 */
export function chooseCredential(
  credentials: readonly Credential[],
  accept: readonly ProofFormat[],
  headers: readonly (readonly [string, string])[],
  now: number,
): ChosenCredential {
  const isPresent = (name: string) => headers.some(([other]) => isSameField(other, name));
  const taken = proofHeaders.find(isPresent);
  if (taken !== undefined) throw new ProofError("header_conflict", { detail: taken.toLowerCase() });
  let isHeld = false;
  let conflict: string | undefined;
  for (const format of accept) {
    const credential = credentials.find((held) => held.kind === kindFor(format));
    if (credential === undefined) continue;
    isHeld = true;
    if (now >= credential.expiresAt) continue;
    const occupied = occupiedBy(format).find(isPresent);
    if (occupied === undefined) return { format, credential } as ChosenCredential;
    conflict ??= occupied;
  }
  if (conflict !== undefined) {
    throw new ProofError("header_conflict", { detail: conflict.toLowerCase() });
  }
  if (isHeld) throw new CredentialError("credential_expired");
  throw new CredentialError("credential_missing", { detail: `accepted: ${accept.join(", ")}` });
}

function kindFor(format: ProofFormat): Credential["kind"] {
  return format === "svid-proof-1" || format === "svid-signature-1" ? "x509-svid" : "wit-svid";
}
