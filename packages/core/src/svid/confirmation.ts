import { VerificationError } from "../errors.js";
import { fitsKey, type JwsAlgorithm } from "../jose/algorithms.js";
import { type JwkFault, type PublicJwk, readPublicJwk } from "../jose/public-jwk.js";
import { isObject, type JsonObject } from "../jose/strict-json.js";
import type { VerificationCode } from "../refusal-codes.js";

const token = "wit-svid";

const codes: Record<JwkFault, VerificationCode> = {
  unsupported: "confirmation_invalid",
  invalid: "confirmation_invalid",
  private: "confirmation_private",
  weak: "confirmation_key_weak",
};

/** The key that a WIT-SVID is bound to, and the one algorithm that its proofs use. */
export interface Confirmation extends PublicJwk {
  readonly algorithm: JwsAlgorithm;
}

/**
 * Reads `cnf.jwk` with its mandatory `alg` (WIT-SVID §3; draft-ietf-wimse-workload-creds-02 §3.1).
 *
 * @throws {VerificationError} with one of the `confirmation_…` codes
 */
export function confirmationOf(
  { cnf }: JsonObject,
  algorithms: readonly JwsAlgorithm[],
): Confirmation {
  const refuse = (code: VerificationCode) => new VerificationError(code, { token });
  if (cnf === undefined) throw refuse("confirmation_missing");
  if (!isObject(cnf) || !isObject(cnf.jwk)) throw refuse("confirmation_invalid");
  const read = readPublicJwk(cnf.jwk);
  if (typeof read === "string") throw refuse(codes[read]);
  const { alg } = cnf.jwk;
  const algorithm = algorithms.find((allowed) => allowed === alg);
  if (algorithm === undefined || !fitsKey(algorithm, read.shape)) {
    throw refuse("confirmation_algorithm_invalid");
  }
  return { ...read, algorithm };
}
