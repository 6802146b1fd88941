import * as z from "zod/mini";
import {
  type AcceptOptions,
  type AcceptRules,
  acceptSchema,
  narrowAccept,
} from "./accept-rules.js";
import { callback, oneOf, parseOptions } from "./options.js";
import type { Policy } from "./policy/policy.js";
import type { ContentMode } from "./proof/bind-content.js";
import type { VerifierRules } from "./verifier-options.js";

/** How one request or route is treated. It can narrow what the verifier accepts, and not widen it. */
export interface VerifyOptions extends AcceptOptions {
  /** How the application wants its content. Default `buffered`. */
  readonly content?: ContentMode | undefined;
  /**
   * The policy of the route, which the application knows before it runs. It can only narrow: where
   * the verifier has a policy of its own, both have to allow.
   */
  readonly policy?: Policy | undefined;
  /** `signed` refuses what was not signed: proofs by session, and connections. Default `any`. */
  readonly proof?: "any" | "signed" | undefined;
}

/** {@link VerifyOptions} with defaults filled in. */
export interface VerifyRules extends AcceptRules {
  readonly content: ContentMode;
  /** Of the route. */
  readonly policy: Policy | undefined;
  readonly proof: "any" | "signed";
}

const schema = z.strictObject({
  ...acceptSchema,
  content: z.optional(oneOf<ContentMode>("buffered", "streaming")),
  policy: z.optional(callback<Policy>()),
  proof: z.optional(oneOf("any", "signed")),
});

/**
 * Makes the reader of the options of requests: each object is looked into once.
 *
 * @throws {ConfigurationError} naming the option, from the reader
 */
export function createVerifyOptionsReader(
  rules: VerifierRules,
): (options?: VerifyOptions) => VerifyRules {
  const { accept, acceptsChannel, requiredHeaders } = rules;
  const outer = acceptsChannel ? [...accept, "mutual-tls" as const] : accept;
  const inherited: VerifyRules = {
    accept,
    acceptsChannel,
    requiredHeaders,
    content: "buffered",
    policy: undefined,
    proof: "any",
  };
  const known = new WeakMap<VerifyOptions, VerifyRules>();

  return (options) => {
    if (options === undefined) return inherited;
    let read = known.get(options);
    if (read === undefined) {
      const parsed = parseOptions("verify", schema, options);
      const { content = "buffered", policy, proof = "any", ...given } = parsed;
      const narrowed = narrowAccept("verify", given, outer, requiredHeaders);
      const acceptsChannel = narrowed.acceptsChannel && proof === "any";
      read = { ...narrowed, acceptsChannel, content, policy, proof };
      known.set(options, read);
    }
    return read;
  };
}
