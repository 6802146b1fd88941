import { epochSeconds } from "../clock.js";
import { VerificationError } from "../errors.js";
import { type AcceptedObservation, record } from "../observer.js";
import type { CredentialSource } from "../trust/trust-source.js";
import type { VerifierRules } from "../verifier-options.js";
import { welcomesSignedResponse } from "./accept-signature.js";
import type { ResponseHead } from "./message-head.js";
import {
  type AnsweredRequest,
  chooseSigner,
  type OutgoingResponse,
  signResponse,
} from "./sign-response.js";

/** Which responses are signed, and with what. */
export interface SignedResponseRules {
  readonly identity: CredentialSource;
  readonly sign: "asked" | "always";
  /** Lower case. */
  readonly boundHeaders: readonly string[];
  readonly contentLimitBytes: number;
}

/** Signs the response to one request. */
export interface ResponseSigner {
  /** Whether nothing but a signed response may be sent. Otherwise an unsigned one is no mistake. */
  readonly isRequired: boolean;
  /** The longest content that is held in memory to be signed. */
  readonly contentLimitBytes: number;
  /**
   * The fields to be set on the response; each takes the place of what it has under that name.
   *
   * @throws {CredentialError} `credential_missing`, `credential_expired`, `source_not_ready`,
   * `source_closed`
   */
  sign(response: OutgoingResponse): Promise<ResponseHead["headers"]>;
  /** Records that a required signature is impossible. The refusal takes the place of the response. */
  refuse(cause: unknown): Promise<VerificationError>;
}

/** What a signer has to know of a request that was accepted. */
export interface SignedExchange extends AnsweredRequest {
  /** As observers hear of it. */
  readonly accepted: Pick<AcceptedObservation, "caller" | "policy" | "request">;
  /** Whether the request demands that its response is signed. */
  readonly isDemanded: boolean;
}

/**
 * Makes the signer of a response; undefined where nobody asks for one. A demand that cannot be met
 * is refused here, before the application does anything.
 *
 * @throws {VerificationError} `response_unsignable`
 */
export function createResponseSigner(
  exchange: SignedExchange,
  rules: VerifierRules,
): ResponseSigner | undefined {
  const { signedResponses, clock } = rules;
  const { accepted, isDemanded, format } = exchange;
  if (signedResponses === undefined) {
    if (isDemanded) throw new VerificationError("response_unsignable");
    return undefined;
  }
  const { identity, sign, boundHeaders, contentLimitBytes } = signedResponses;
  const isRequired = isDemanded || sign === "always";
  if (!isRequired && !welcomesSignedResponse(exchange.head)) return undefined;
  const acceptedAt = clock.monotonic();
  const signer = () => chooseSigner(identity.credentials(), format, epochSeconds(clock));
  if (isRequired) findSigner(signer);

  return Object.freeze({
    isRequired,
    contentLimitBytes,
    sign: async (response: OutgoingResponse) =>
      signResponse(response, exchange, signer(), boundHeaders, epochSeconds(clock)),
    async refuse(cause: unknown) {
      const error = new VerificationError("response_unsignable", { cause });
      await record({ decision: "refused", error, ...accepted }, rules, acceptedAt);
      return error;
    },
  });
}

function findSigner(signer: () => unknown): void {
  try {
    signer();
  } catch (cause) {
    throw new VerificationError("response_unsignable", { cause });
  }
}
