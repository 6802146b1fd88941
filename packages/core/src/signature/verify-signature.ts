import { VerificationError } from "../errors.js";
import { type JwsAlgorithm, schemeOf } from "../jose/algorithms.js";
import { checkProofTimes, type ProofTimes } from "../proof/proof-claims.js";
import type { VerifiedCredential } from "../proof/verified-credential.js";
import type { CheckSignature } from "../runtime/port.js";
import type { Component } from "./component.js";
import type { MessageSignature } from "./message-signature.js";
import { signatureBase } from "./signature-base.js";
import type { SignatureParameters } from "./signature-parameters.js";

const token = "http-signature";

/** How strictly a signature is judged. */
export interface SignatureRules {
  readonly algorithms: readonly JwsAlgorithm[];
  readonly clockSkewSeconds: number;
  readonly maxProofLifetimeSeconds: number;
  /** What checks it. */
  readonly checkSignature: CheckSignature;
}

/**
 * Checks a signature under the key and the one algorithm of its credential (RFC 9421 §3.3.7), and
 * whether it counts now.
 *
 * @throws {VerificationError} `token_algorithm_forbidden`, `signature_invalid`, `proof_expired`,
 * `proof_lifetime_exceeded`, `proof_not_yet_valid`, and what `valueFor` throws
 */
export async function verifySignature(
  signature: MessageSignature,
  { times }: SignatureParameters,
  { algorithm, key }: VerifiedCredential,
  valueFor: (component: Component) => string,
  rules: SignatureRules,
  now: number,
): Promise<ProofTimes> {
  const { algorithms, clockSkewSeconds: skewSeconds, checkSignature } = rules;
  if (!algorithms.includes(algorithm)) {
    throw new VerificationError("token_algorithm_forbidden", { token });
  }
  const base = signatureBase(signature.components, valueFor, signature.parametersText);
  if (!(await checkSignature(schemeOf(algorithm), key, base, signature.bytes)))
    throw new VerificationError("signature_invalid", { token });
  const { maxProofLifetimeSeconds: maxLifetimeSeconds } = rules;
  return checkProofTimes(times, token, { now, skewSeconds, maxLifetimeSeconds });
}
