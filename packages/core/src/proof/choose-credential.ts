import type { Credential, WitCredential, X509Credential } from "../credential/credential.js";
import { CredentialError, ProofError } from "../errors.js";
import type { ProofFormat } from "./format.js";
import { headerNames } from "./security-headers.js";

/** A credential and the kind of proof to make with it. */
export type ChosenCredential =
  | { readonly format: "svid-proof-1"; readonly credential: X509Credential }
  | { readonly format: "wpt-02" | "wpt-01"; readonly credential: WitCredential };

const proofHeaders = [
  headerNames.svidProof,
  headerNames.workloadIdentityToken,
  headerNames.workloadProofToken,
].map((name) => name.toLowerCase());

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
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  const taken = proofHeaders.find((name) => names.has(name));
  if (taken !== undefined) throw new ProofError("header_conflict", { detail: taken });
  const possible = accept.flatMap((format) => {
    const credential = credentials.find((held) => held.kind === kindFor(format));
    return credential === undefined ? [] : [{ format, credential } as ChosenCredential];
  });
  if (possible.length === 0) {
    throw new CredentialError("credential_missing", { detail: `accepted: ${accept.join(", ")}` });
  }
  const alive = possible.filter(({ credential }) => now < credential.expiresAt);
  if (alive.length === 0) throw new CredentialError("credential_expired");
  const hasAuthorization = names.has("authorization");
  const chosen = alive.find(({ format }) => format !== "wpt-02" || !hasAuthorization);
  if (chosen === undefined) throw new ProofError("header_conflict", { detail: "authorization" });
  return chosen;
}

function kindFor(format: ProofFormat): Credential["kind"] {
  return format === "svid-proof-1" ? "x509-svid" : "wit-svid";
}
