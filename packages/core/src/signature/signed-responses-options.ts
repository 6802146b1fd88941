import * as z from "zod/mini";
import { capability, headerFieldNames, oneOf, wholeNumber } from "../options.js";
import type { CredentialSource } from "../trust/trust-source.js";
import type { SignedResponseRules } from "./response-signer.js";

/** Which responses to signed requests are signed, and with what. */
export interface SignedResponsesOptions {
  /** Where this service's own credentials come from. */
  readonly identity: CredentialSource;
  /**
   * `asked` (default): where the request demands it or says that it is welcome. `always`: every
   * response to a signed request.
   */
  readonly sign?: "asked" | "always" | undefined;
  /** Further header fields that the signature covers, where the response has them. Default none. */
  readonly boundHeaders?: readonly string[] | undefined;
  /**
   * The longest content that is signed; all of it is held in memory, because its digest travels in
   * front of it. Default 1 MiB.
   */
  readonly contentLimitBytes?: number | undefined;
}

/** The form of {@link SignedResponsesOptions}. */
export const signedResponsesSchema = z.strictObject({
  identity: capability<CredentialSource>("credentials"),
  sign: z.optional(oneOf("asked", "always")),
  boundHeaders: z.optional(headerFieldNames()),
  contentLimitBytes: z.optional(wholeNumber(0, 2 ** 30)),
});

/** Fills in the defaults. */
export function parseSignedResponses(
  options: SignedResponsesOptions | undefined,
): SignedResponseRules | undefined {
  if (options === undefined) return undefined;
  const { identity, sign = "asked", boundHeaders = [], contentLimitBytes = 1024 * 1024 } = options;
  return Object.freeze({ identity, sign, boundHeaders, contentLimitBytes });
}
