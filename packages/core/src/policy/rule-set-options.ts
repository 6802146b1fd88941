import * as z from "zod/mini";
import { type Clock, systemClock } from "../clock.js";
import {
  callback,
  clockOption,
  invalidOption,
  oneOf,
  parseOptions,
  wholeNumber,
} from "../options.js";
import type { PolicyCondition, PolicyRule } from "./rule.js";
import { policyRuleSchema } from "./rule-schema.js";
import type { SuppliedConditions } from "./supplied-conditions.js";

export interface RuleSetOptions {
  /** The order only says which of several rules with the same effect is named: a `deny` wins over every `allow`. */
  readonly rules: readonly PolicyRule[];
  /** What `conditions` of the rules name. */
  readonly conditions?: Readonly<Record<string, PolicyCondition>> | undefined;
  /** How long a condition may take before it counts as failed. Default 500. */
  readonly conditionTimeoutMilliseconds?: number | undefined;
  /** For the timeout of conditions; what time it is, the request says. */
  readonly clock?: Clock | undefined;
}

const schema = z.strictObject({
  rules: z.array(policyRuleSchema, { error: "must be a list of rules" }),
  conditions: z.optional(
    z.record(
      z.string(),
      z.strictObject({
        holds: callback<PolicyCondition["holds"]>(),
        onFailure: oneOf("closed", "unsafe-open"),
      }),
    ),
  ),
  conditionTimeoutMilliseconds: z.optional(wholeNumber(1, 60_000)),
  clock: z.optional(clockOption),
});

/**
 * Checks the options of a rule set.
 *
 * @throws {ConfigurationError} naming the option
 */
export function parseRuleSetOptions(
  options: RuleSetOptions,
): SuppliedConditions & { readonly rules: readonly PolicyRule[] } {
  const parsed = parseOptions("createRuleSet", schema, options);
  const conditions = new Map(Object.entries(parsed.conditions ?? {}));
  checkNames(parsed.rules);
  checkConditions(parsed.rules, conditions);
  return {
    rules: parsed.rules,
    conditions,
    clock: parsed.clock ?? systemClock,
    timeoutMilliseconds: parsed.conditionTimeoutMilliseconds ?? 500,
  };
}

function checkNames(rules: readonly PolicyRule[]): void {
  const names = new Set<string>();
  for (const [index, { name }] of rules.entries()) {
    if (names.has(name)) fail(`rules[${index}].name`, "is the name of another rule as well");
    names.add(name);
  }
}

function checkConditions(
  rules: readonly PolicyRule[],
  supplied: ReadonlyMap<string, PolicyCondition>,
): void {
  for (const [index, { conditions = [] }] of rules.entries()) {
    for (const [at, name] of conditions.entries()) {
      if (!supplied.has(name)) {
        fail(`rules[${index}].conditions[${at}]`, "names a condition that is not supplied");
      }
    }
  }
}

function fail(option: string, problem: string): never {
  throw invalidOption("createRuleSet", option, problem);
}
