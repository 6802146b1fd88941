import * as z from "zod/mini";
import { headerFieldNames, invalidOption, oneOf } from "./options.js";
import {
  type EvidenceKind,
  isSignatureFormat,
  type ProofFormat,
  proofFormats,
} from "./proof/format.js";

/** What may speak for a caller, and what else has to be signed. */
export interface AcceptOptions {
  /**
   * Accepted kinds of proof. Default `svid-proof-1`, `wpt-02`, `http-signature-07` and
   * `svid-signature-1`; with `requiredHeaders` the signatures alone.
   *
   * With `mutual-tls`, a request without any proof is accepted as well when it came over a connection
   * whose other end presented a valid X.509-SVID; `caller.proof.binding` is `channel` then. A request
   * that carries any proof is judged by that.
   */
  readonly accept?: readonly EvidenceKind[] | undefined;
  /** Header fields that have to be there and be covered by a signature. Default none. */
  readonly requiredHeaders?: readonly string[] | undefined;
}

/** The form of {@link AcceptOptions}. */
export const acceptSchema = {
  accept: z.optional(z.array(oneOf(...proofFormats, "mutual-tls")).check(z.minLength(1))),
  requiredHeaders: z.optional(headerFieldNames()),
};

/** {@link AcceptOptions} with defaults filled in. */
export interface AcceptRules {
  readonly accept: readonly ProofFormat[];
  readonly acceptsChannel: boolean;
  /** Lower case. */
  readonly requiredHeaders: readonly string[];
}

/**
 * Makes rules of what is given and what it narrows: no kind comes in that is not accepted around it,
 * and what has to be signed there has to be signed here.
 *
 * @throws {ConfigurationError} `option_invalid`
 */
export function narrowAccept(
  factory: string,
  given: AcceptOptions,
  outer: readonly EvidenceKind[],
  outerHeaders: readonly string[] = [],
): AcceptRules {
  const requiredHeaders = [...new Set([...outerHeaders, ...(given.requiredHeaders ?? [])])];
  const needsSignature = requiredHeaders.length > 0;
  const possible = needsSignature ? outer.filter(isSignatureFormat) : outer;
  const { accept = possible } = given;
  if (accept.length === 0 || accept.some((kind) => !possible.includes(kind))) {
    const problem = needsSignature
      ? "has to list signatures, and nothing else, where headers are required"
      : "lists a kind of proof that is not accepted around it";
    throw invalidOption(factory, "accept", problem);
  }
  return {
    accept: accept.filter((kind) => kind !== "mutual-tls"),
    acceptsChannel: accept.includes("mutual-tls"),
    requiredHeaders,
  };
}
