import type { Awaitable } from "../awaitable.js";
import type { TokenKind } from "../errors.js";
import { emptyHash } from "../hash.js";
import type { VerifierRules } from "../verifier-options.js";
import { checkContent } from "./proof-claims.js";
import type { ProofRequest } from "./proof-request.js";

/**
 * `buffered`: the application runs when all content was read and found to be the proved one.
 * `streaming`: the application runs at once and gets the content as it arrives; its end is withheld
 * until the digest holds, and the stream fails when it does not.
 */
export type ContentMode = "buffered" | "streaming";

/** What a proof says of the content. */
export interface BoundContent {
  readonly token: TokenKind;
  /** The digest that was proved; undefined when none was. */
  readonly contentDigest: string | undefined;
  readonly record: { readonly binding: "full" | "target" };
}

/**
 * Holds the content of a request to what was proved. Streamed content is refused after the request
 * was accepted; the refusal then goes through `refuseLate` before the stream fails.
 *
 * @throws {VerificationError} `proof_body_mismatch`, `proof_body_unbound`, `body_too_large`,
 * `body_aborted`
 * @throws {ConfigurationError} `body_consumed`
 */
export function bindContent(
  content: ProofRequest["content"],
  { contentDigest, token, record: { binding } }: BoundContent,
  mode: ContentMode,
  { contentLimitBytes }: VerifierRules,
  refuseLate: (error: unknown) => Promise<never>,
): Awaitable<void> {
  const accept = (digest: string) => checkContent(contentDigest, digest, token);
  if (content === undefined) return accept(emptyHash);
  if (contentDigest === undefined && binding === "target") return;
  if (mode === "buffered") return content.buffered(contentLimitBytes, accept);
  return content.streaming(async (digest) => {
    try {
      accept(digest);
    } catch (error) {
      await refuseLate(error);
    }
  });
}
