import { createHash } from "node:crypto";
import { type ProofRequest, type RequestContent, VerificationError } from "@firsthand/core";

/** A request as data, to be changed and then sent or verified. */
export interface RequestData {
  readonly method: string;
  /** Path and query, as in the request line. */
  readonly target: string;
  /** Names and values in their order, repetitions included. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: Uint8Array | undefined;
}

/** The request as a verifier of core takes it, with its content in memory. */
export function toProofRequest({ body, ...head }: RequestData): ProofRequest {
  return body === undefined ? head : { ...head, content: contentOf(body) };
}

function contentOf(body: Uint8Array): RequestContent {
  const digest = () => createHash("sha256").update(body).digest("base64url");
  return {
    async buffered(limit, accept) {
      if (body.length > limit) throw new VerificationError("body_too_large");
      accept(digest());
    },
    streaming: (accept) => accept(digest()),
  };
}
