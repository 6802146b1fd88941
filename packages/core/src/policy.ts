import type { Awaitable } from "./awaitable.js";
import type { Caller } from "./caller.js";
import { withDeadline } from "./deadline.js";
import { VerificationError } from "./errors.js";
import { invalidOption } from "./options.js";
import { parseTrustDomain } from "./spiffe/spiffe-id.js";
import { parseSpiffeIdPattern } from "./spiffe/spiffe-id-pattern.js";
import type { VerifierRules } from "./verifier-options.js";

/** The request as a policy sees it: only what the proof bound. */
export interface PolicyRequest {
  readonly method: string;
  /** Path as on the wire, nothing decoded. */
  readonly path: string;
  /** The bytes after `?`; undefined without a `?`. */
  readonly query: string | undefined;
}

/** Decides whether a verified caller may do what it asks. Only `true` allows. */
export type Policy = (caller: Caller, request: PolicyRequest) => Awaitable<boolean>;

/**
 * Allows callers whose SPIFFE ID is one of these. `*` stands for one whole path segment, as in
 * `spiffe://shop.example/ns/prod/sa/*`; there is no other wildcard and no prefix.
 *
 * @throws {ConfigurationError} for anything that is not the ID of a workload or such a pattern
 */
export function allow(...ids: readonly string[]): Policy {
  if (ids.length === 0) throw invalidOption("allow", "", "name at least one SPIFFE ID");
  const patterns = ids.map((text, index) => {
    try {
      return parseSpiffeIdPattern(text);
    } catch (cause) {
      const problem = `must be a SPIFFE ID, or one with * for whole segments: ${(cause as Error).message}`;
      throw invalidOption("allow", `[${index}]`, problem, cause);
    }
  });
  return ({ id }) => patterns.some((matches) => matches(id));
}

/**
 * Allows every workload of a trust domain.
 *
 * @throws {ConfigurationError} when it is not a trust domain name, such as `shop.example`
 */
export function allowTrustDomain(trustDomain: string): Policy {
  try {
    const name = parseTrustDomain(trustDomain);
    return ({ id }) => id.scheme === "spiffe" && id.trustDomain === name;
  } catch (cause) {
    throw invalidOption("allowTrustDomain", "trustDomain", "must be a trust domain name", cause);
  }
}

/**
 * Allows what at least one of the policies allows. They are asked in order.
 *
 * @throws {ConfigurationError} without a policy
 */
export function anyOf(...policies: readonly Policy[]): Policy {
  if (policies.length === 0) throw invalidOption("anyOf", "", "name at least one policy");
  return async (caller, request) => {
    for (const policy of policies) if ((await policy(caller, request)) === true) return true;
    return false;
  };
}

/**
 * Asks the policy. A policy that throws has not allowed anything.
 *
 * @throws {VerificationError} `caller_forbidden`, `policy_timeout`
 */
export async function enforcePolicy(
  caller: Caller,
  request: PolicyRequest,
  { policy, clock, timeoutMilliseconds }: VerifierRules,
): Promise<void> {
  let allowed: boolean;
  try {
    const answer = policy(caller, request);
    allowed = await withDeadline(answer, clock, timeoutMilliseconds, "policy_timeout");
  } catch (cause) {
    if (cause instanceof VerificationError && cause.code === "policy_timeout") throw cause;
    throw new VerificationError("caller_forbidden", { cause });
  }
  if (allowed !== true) throw new VerificationError("caller_forbidden");
}
