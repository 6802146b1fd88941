import { runtime } from "#runtime";
import { type Clock, epochSeconds } from "../clock.js";
import { ProofError, VerificationError } from "../errors.js";
import { defaultProofAlgorithms } from "../jose/algorithms.js";
import { createCredentialCache } from "../proof/credential-cache.js";
import { signatureFieldNames } from "../proof/security-headers.js";
import { isSameField } from "../same-field.js";
import type { SpiffeId } from "../spiffe/spiffe-id.js";
import type { TrustSource } from "../trust/trust-source.js";
import { signatureKindsIn } from "./message-signature.js";
import type { AnsweredRequest } from "./sign-response.js";
import { type ReceivedResponse, verifyResponse } from "./verify-response.js";

/** What a response to a signed request is held to. */
export interface ResponseCheck {
  /**
   * Whether a response with these headers has to be checked, which takes all of its content: always
   * where a signed response was demanded, else where there is one.
   */
  appliesTo(headers: ReceivedResponse["headers"]): boolean;
  /**
   * Resolves when the response is the answer of the peer to this very request.
   *
   * @throws {ProofError} `response_unsigned`, `response_invalid`, `peer_unexpected`
   */
  verify(response: ReceivedResponse): Promise<void>;
}

/** The check of the response to one request. */
export type CreateResponseCheck = (request: AnsweredRequest, peer: ExpectedPeer) => ResponseCheck;

interface ExpectedPeer {
  readonly id: SpiffeId;
  readonly signedResponse: "required" | "preferred" | undefined;
}

const defaults = {
  clockSkewSeconds: 30,
  maxProofLifetimeSeconds: 120,
  checkSignature: runtime.verify,
  maxCredentialLifetimeSeconds: 86_400,
};

/** What makes the checks of one prover; verdicts on credentials are kept across responses. */
export function createResponseChecks(identity: TrustSource, clock: Clock): CreateResponseCheck {
  const cache = createCredentialCache();

  return (request, { id: peer, signedResponse }) => {
    const witProfile = peer.scheme;
    const algorithms = defaultProofAlgorithms(witProfile);
    const rules = { ...defaults, identity, witProfile, algorithms };

    async function verify(response: ReceivedResponse): Promise<void> {
      if (!isSigned(response.headers)) {
        throw new ProofError("response_unsigned", { detail: `status ${response.status}` });
      }
      try {
        const now = epochSeconds(clock);
        const { id } = await verifyResponse(response, request, rules, cache, now);
        if (id.equals(peer)) return;
      } catch (cause) {
        if (!(cause instanceof VerificationError)) throw cause;
        throw new ProofError("response_invalid", { cause, detail: cause.message });
      }
      throw new ProofError("peer_unexpected");
    }

    return Object.freeze({
      appliesTo: (headers: ReceivedResponse["headers"]) =>
        signedResponse === "required" || isSigned(headers),
      verify,
    });
  };
}

function isSigned(headers: ReceivedResponse["headers"]): boolean {
  return headers.some(([name, signatureInput]) => {
    const isInput = isSameField(name, signatureFieldNames.signatureInput);
    return isInput && signatureKindsIn({ signatureInput }).length > 0;
  });
}
