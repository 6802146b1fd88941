import { VerificationError } from "../errors.js";
import { proofFormats } from "../proof/format.js";
import type { Policy } from "./policy.js";

const signed: readonly string[] = proofFormats;

/**
 * Allows what the policy allows, to callers that signed this very request. Another one is refused with
 * `proof_signature_required`, so that a prover with a session signs and asks again.
 */
export function requireSignature(policy: Policy): Policy {
  return (caller, request) => {
    const format: string = caller.proof.format;
    if (signed.includes(format)) return policy(caller, request);
    throw new VerificationError("proof_signature_required");
  };
}
