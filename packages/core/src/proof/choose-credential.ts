import type { Credential, WitCredential, X509Credential } from "../credential/credential.js";
import { CredentialError, ProofError } from "../errors.js";
import type { ProofFormat } from "./format.js";
import { headerNames, isSameField } from "./security-headers.js";

/** A credential and the kind of proof to make with it. */
export type ChosenCredential =
  | { readonly format: "svid-proof-1"; readonly credential: X509Credential }
  | { readonly format: "wpt-02" | "wpt-01"; readonly credential: WitCredential };

const { svidProof, workloadIdentityToken, workloadProofToken, authorization } = headerNames;
const proofHeaders = [svidProof, workloadIdentityToken, workloadProofToken];

/**
 * Takes the first kind of proof that the peer accepts and that we have a credential for. WPT-02
 * occupies `Authorization`, so it is passed over when the request already has one.
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
  let isAlive = false;
  for (const format of accept) {
    const credential = credentials.find((held) => held.kind === kindFor(format));
    if (credential === undefined) continue;
    isHeld = true;
    if (now >= credential.expiresAt) continue;
    isAlive = true;
    const isFree = format !== "wpt-02" || !isPresent(authorization);
    if (isFree) return { format, credential } as ChosenCredential;
  }
  if (isAlive) throw new ProofError("header_conflict", { detail: "authorization" });
  if (isHeld) throw new CredentialError("credential_expired");
  throw new CredentialError("credential_missing", { detail: `accepted: ${accept.join(", ")}` });
}

function kindFor(format: ProofFormat): Credential["kind"] {
  return format === "svid-proof-1" ? "x509-svid" : "wit-svid";
}
