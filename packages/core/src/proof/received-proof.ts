import { fromBase64url } from "../encoding.js";
import { VerificationError } from "../errors.js";
import { parseStrictJson } from "../jose/strict-json.js";
import type { VerificationCode } from "../refusal-codes.js";
import type { ProofFormat } from "./format.js";
import type { SecurityHeaders } from "./security-headers.js";

/** The one proof of a request, not yet looked into. */
export type ReceivedProof =
  | { readonly format: "svid-proof-1"; readonly token: string }
  | { readonly format: "wpt-01" | "wpt-02"; readonly token: string; readonly wit: string };

/**
 * Finds the proof of a request. More than one kind is refused, also when only one is accepted: it
 * would be open which of them names the caller.
 *
 * @throws {VerificationError} `proof_missing`, `proof_ambiguous`, `proof_kind_not_accepted`,
 * `wit_without_proof`, `wpt_without_wit`, `wit_as_bearer`
 */
export function findProof(headers: SecurityHeaders, accept: readonly ProofFormat[]): ReceivedProof {
  const { svidProof, workloadProofToken, workloadIdentityToken: wit } = headers;
  const wpt = headers.authorization?.scheme === "wpt" ? headers.authorization.value : undefined;
  const kinds = [svidProof, workloadProofToken, wpt].filter((token) => token !== undefined);
  if (kinds.length > 1 || (svidProof !== undefined && wit !== undefined)) {
    throw new VerificationError("proof_ambiguous");
  }
  const proof = receivedProof(svidProof, workloadProofToken, wpt, wit);
  if (proof === undefined) throw new VerificationError(codeOfAbsence(headers));
  if (!accept.includes(proof.format)) throw new VerificationError("proof_kind_not_accepted");
  return proof;
}

/** Whether a request carries anything of a proof, complete or not. */
export function carriesProof(headers: SecurityHeaders): boolean {
  return headers.svidProof !== undefined || codeOfAbsence(headers) !== "proof_missing";
}

function receivedProof(
  svidProof: string | undefined,
  wpt01: string | undefined,
  wpt02: string | undefined,
  wit: string | undefined,
): ReceivedProof | undefined {
  if (svidProof !== undefined) return { format: "svid-proof-1", token: svidProof };
  if (wit === undefined) return undefined;
  if (wpt01 !== undefined) return { format: "wpt-01", token: wpt01, wit };
  if (wpt02 !== undefined) return { format: "wpt-02", token: wpt02, wit };
  return undefined;
}

function codeOfAbsence({
  workloadIdentityToken,
  workloadProofToken,
  authorization,
}: SecurityHeaders): VerificationCode {
  if (workloadIdentityToken !== undefined) return "wit_without_proof";
  if (workloadProofToken !== undefined || authorization?.scheme === "wpt") return "wpt_without_wit";
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
