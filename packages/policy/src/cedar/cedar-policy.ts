import type { Entities, EntityUid } from "@cedar-policy/cedar-wasm/nodejs";
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import {
  type Caller,
  callback,
  invalidOption,
  type Policy,
  type PolicyAnswer,
  type PolicyRequest,
  parseOptions,
} from "@firsthand/core";
import * as z from "zod/mini";
import { type CedarRequest, cedarRequestOf } from "./cedar-request.js";

export interface CedarPolicyOptions {
  /** Policies in the language of Cedar. Name one with `@id("…")` to have it named in decisions. */
  readonly policies: string;
  /** A schema in the language of Cedar, against which the policies and each request are validated. */
  readonly schema?: string | undefined;
  /**
   * What is asked. Default: the caller as `Workload::"spiffe://…"`, `Action::"GET"`, the path as
   * `Route::"/orders"`, and a context with trust domain, credential, proof, binding and time.
   */
  readonly request?: ((caller: Caller, request: PolicyRequest) => CedarRequest) | undefined;
}

const schema = z.strictObject({
  policies: z.string({ error: "must be policies of Cedar, as a text" }),
  schema: z.optional(z.string({ error: "must be a schema of Cedar, as a text" })),
  request: z.optional(callback<NonNullable<CedarPolicyOptions["request"]>>()),
});

/** Names what was parsed beforehand, in the memory of Cedar. */
let count = 0;

/**
 * A policy that Cedar decides, in this process. The policies that decide are named; where one cannot be
 * evaluated, or a request does not fit the schema, the call is denied.
 *
 * @throws {ConfigurationError} for policies and a schema that do not hold, and naming the option
 */
export function cedarPolicy(options: CedarPolicyOptions): Policy {
  const parsed = parseOptions("cedarPolicy", schema, options);
  const { policies, request: requestOf = cedarRequestOf } = parsed;
  const id = `firsthand-${++count}`;
  const named = policiesById(policies);
  if (parsed.schema !== undefined) prepareSchema(id, parsed.schema, named);
  check("policies", cedar.preparsePolicySet(id, { staticPolicies: named }));

  return function decideByCedar(caller, request): PolicyAnswer {
    const { principal, action, resource, context, entities = [] } = requestOf(caller, request);
    const answer = cedar.statefulIsAuthorized({
      principal: principal as EntityUid,
      action,
      resource,
      context: context as Record<string, cedar.CedarValueJson>,
      entities: entities as Entities,
      preparsedPolicySetId: id,
      ...(parsed.schema !== undefined && { preparsedSchemaName: id, validateRequest: true }),
    });
    if (answer.type === "failure") return { effect: "deny", rule: "cedar (failed)" };
    const { decision, diagnostics } = answer.response;
    if (diagnostics.errors.length > 0) return { effect: "deny", rule: "cedar (failed)" };
    const rule = diagnostics.reason.join(" and ");
    return { effect: decision, ...(rule !== "" && { rule }) };
  };
}

/** The policies by the name that they give themselves, or by their place. */
function policiesById(text: string): Record<string, string> {
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === "failure") throw notCedar("policies", parts.errors);
  if (parts.policy_templates.length > 0) {
    throw invalidOption("cedarPolicy", "policies", "must have no template: nothing would link it");
  }
  const named = parts.policies.map((policy, index) => {
    const name = /@id\("([^"\\]{1,128})"\)/.exec(policy)?.[1] ?? `policy${index}`;
    return [name, policy] as const;
  });
  if (new Set(named.map(([name]) => name)).size !== named.length) {
    throw invalidOption("cedarPolicy", "policies", "must not use an @id twice");
  }
  return Object.fromEntries(named);
}

function prepareSchema(id: string, text: string, policies: Record<string, string>): void {
  check("schema", cedar.preparseSchema(id, text));
  const validated = cedar.validate({ schema: text, policies: { staticPolicies: policies } });
  if (validated.type === "failure") throw notCedar("policies", validated.errors);
  const problems = validated.validationErrors.map(({ error }) => error);
  if (problems.length > 0) throw notCedar("policies", problems);
}

function check(option: string, answer: cedar.CheckParseAnswer): void {
  if (answer.type === "failure") throw notCedar(option, answer.errors);
}

function notCedar(option: string, errors: readonly cedar.DetailedError[]): Error {
  const problem = errors.map(({ message }) => message).join("; ");
  return invalidOption("cedarPolicy", option, `does not hold: ${problem}`);
}
