import * as z from "zod/mini";
import {
  type AcceptOptions,
  type AcceptRules,
  acceptSchema,
  narrowAccept,
} from "./accept-rules.js";
import { oneOf, parseOptions } from "./options.js";
import type { ContentMode } from "./proof/bind-content.js";
import type { VerifierRules } from "./verifier-options.js";

/** How one request or route is treated. It can narrow what the verifier accepts, and not widen it. */
export interface VerifyOptions extends AcceptOptions {
  /** How the application wants its content. Default `buffered`. */
  readonly content?: ContentMode | undefined;
}

/** {@link VerifyOptions} with defaults filled in. */
export interface VerifyRules extends AcceptRules {
  readonly content: ContentMode;
}

const schema = z.strictObject({
  ...acceptSchema,
  content: z.optional(oneOf<ContentMode>("buffered", "streaming")),
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
  const inherited = { accept, acceptsChannel, requiredHeaders, content: "buffered" } as const;
  const known = new WeakMap<VerifyOptions, VerifyRules>();

  return (options) => {
    if (options === undefined) return inherited;
    let read = known.get(options);
    if (read === undefined) {
      const { content = "buffered", ...given } = parseOptions("verify", schema, options);
      read = { ...narrowAccept("verify", given, outer, requiredHeaders), content };
      known.set(options, read);
    }
    return read;
  };
}
