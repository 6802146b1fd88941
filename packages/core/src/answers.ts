import type { Caller } from "./caller.js";
import type { AcceptedObservation } from "./observer.js";
import { challengeOf } from "./proof/format.js";
import type { VerifiedProof } from "./proof/verify-proof.js";
import { toRefusal } from "./refusal.js";
import { requestsAccepted } from "./signature/accept-signature.js";
import { createResponseSigner, type ResponseSigner } from "./signature/response-signer.js";
import type { VerifierRules } from "./verifier-options.js";
import type { VerifyOptions, VerifyRules } from "./verify-options.js";

/** A request that was accepted, as observers hear of it. */
type AcceptedRequest = Pick<AcceptedObservation, "caller" | "policy" | "request">;

/** What a verifier does for the answers to the requests that it judges. */
export interface Answers {
  /**
   * Prepares the signature of a response, where the request asks for one.
   *
   * @throws {VerificationError} `response_unsignable`
   */
  prepare(proof: Pick<VerifiedProof, "exchange">, accepted: AcceptedRequest): void;
  responseSigner(caller: Caller): ResponseSigner | undefined;
  toRefusal(error: unknown, options?: VerifyOptions): unknown;
}

export function createAnswers(
  rules: VerifierRules,
  readOptions: (options?: VerifyOptions) => VerifyRules,
): Answers {
  const signers = new WeakMap<Caller, ResponseSigner>();
  return {
    prepare({ exchange }, accepted) {
      if (exchange === undefined) return;
      const signer = createResponseSigner({ ...exchange, accepted }, rules);
      if (signer !== undefined) signers.set(accepted.caller, signer);
    },
    responseSigner: (caller) => signers.get(caller),
    toRefusal(error, options) {
      const { accept, requiredHeaders } = readOptions(options);
      const signatures = requestsAccepted(accept, rules.tokenHeaders, requiredHeaders);
      return toRefusal(error, challengeOf(accept), signatures);
    },
  };
}
