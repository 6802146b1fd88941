import {
  type Awaitable,
  type Caller,
  callback,
  type Policy,
  type PolicyRequest,
  parseOptions,
} from "@firsthand/core";
import * as z from "zod/mini";
import type { DecisionCacheOptions } from "../external/decision-cache.js";
import {
  decisionCacheShape,
  type ExternalDecisionOptions,
  externalDecisionShape,
  externalPolicy,
} from "../external/external-policy.js";
import { endpointOption } from "./endpoint-option.js";
import { type AuthzenEvaluation, evaluationOf } from "./evaluation.js";
import { readDecision } from "./read-decision.js";

export interface AuthzenPolicyOptions extends ExternalDecisionOptions {
  /**
   * The Access Evaluation endpoint, such as `https://pdp.internal/access/v1/evaluation`. Plain `http:` is
   * accepted for loopback only.
   */
  readonly endpoint: string;
  /** What is asked. Default: the caller as a `workload`, the method, and the path as a `route`. */
  readonly evaluation?: ((caller: Caller, request: PolicyRequest) => AuthzenEvaluation) | undefined;
  /** Keeps decisions by what was asked, none by default, and none for longer than the credential lives. */
  readonly cache?: DecisionCacheOptions | undefined;
  /** Header fields for each question, such as the `Authorization` that the decision point wants. */
  readonly headers?: (() => Awaitable<Readonly<Record<string, string>>>) | undefined;
  /** Sends the question. Default the global `fetch`; that of an identity proves who asks. */
  readonly fetch?: Fetch | undefined;
}

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const schema = z.strictObject({
  ...externalDecisionShape,
  endpoint: endpointOption,
  evaluation: z.optional(callback<NonNullable<AuthzenPolicyOptions["evaluation"]>>()),
  cache: z.optional(z.strictObject(decisionCacheShape)),
  headers: z.optional(callback<NonNullable<AuthzenPolicyOptions["headers"]>>()),
  fetch: z.optional(callback<Fetch>()),
});

/**
 * Asks a policy decision point over the OpenID AuthZEN Authorization API 1.0 (§6). Only the
 * status 200 with `"decision": true` allows. Redirects are not followed.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function authzenPolicy(options: AuthzenPolicyOptions): Policy {
  const parsed = parseOptions("authzenPolicy", schema, options);
  const { endpoint, evaluation = evaluationOf, cache, headers, name = "authzen", ...rest } = parsed;
  const { fetch: send = globalThis.fetch as Fetch, ...external } = rest;
  const questionOf = (caller: Caller, request: PolicyRequest) =>
    JSON.stringify(evaluation(caller, request));

  return externalPolicy({
    ...external,
    name,
    async decide(caller, request, signal) {
      const response = await send(endpoint, {
        method: "POST",
        headers: {
          ...(await headers?.()),
          "content-type": "application/json",
          accept: "application/json",
        },
        body: questionOf(caller, request),
        redirect: "error",
        signal,
      });
      return readDecision(response);
    },
    cache: cache && { ...cache, key: questionOf },
  });
}
