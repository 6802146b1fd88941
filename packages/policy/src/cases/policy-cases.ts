import { type Explanation, oneOf, type PolicyRule, parseOptions } from "@firsthand/core";
import * as z from "zod/mini";
import { parseYaml } from "../document/parse-yaml.js";
import { explainCall } from "./explain-call.js";
import { type PolicyCall, policyCallShape } from "./policy-call.js";

/** A call and what has to come of it. */
export interface PolicyCase extends PolicyCall {
  readonly name?: string | undefined;
  readonly expect: "allow" | "deny";
  /** The rule that has to decide it; not looked at when left out. */
  readonly rule?: string | undefined;
}

/** What a file of cases says. */
export interface PolicyCases {
  readonly version: 1;
  /** The policy file, relative to this one. */
  readonly policy: string;
  readonly cases: readonly PolicyCase[];
}

/** What came of a case. */
export interface PolicyCaseResult {
  readonly name: string;
  readonly passed: boolean;
  readonly expected: string;
  readonly explanation: Explanation;
}

const schema = z.strictObject({
  version: z.literal(1, { error: "must be 1, the version of the format" }),
  policy: z.string({ error: "must be the path of a policy file" }).check(z.minLength(1)),
  cases: z
    .array(
      z.strictObject({
        ...policyCallShape,
        name: z.optional(z.string()),
        expect: oneOf("allow", "deny"),
        rule: z.optional(z.string()),
      }),
      { error: "must be a list of cases" },
    )
    .check(z.minLength(1, { error: "must be a list of at least one case" })),
});

/**
 * Reads a file of cases, YAML or JSON.
 *
 * @throws {ConfigurationError} naming the case and what is wrong with it
 */
export function parsePolicyCases(text: string): PolicyCases {
  return parseOptions("parsePolicyCases", schema, parseYaml("parsePolicyCases", text));
}

/**
 * Decides each case by the rules and compares.
 *
 * @throws {ConfigurationError} naming the rule and what is wrong with it
 */
export function runPolicyCases(
  rules: readonly PolicyRule[],
  cases: readonly PolicyCase[],
): Promise<readonly PolicyCaseResult[]> {
  return Promise.all(
    cases.map(async (each) => {
      const { caller, request, name = `${caller} ${request}`, expect, rule } = each;
      const explanation = await explainCall(rules, each);
      const { decision } = explanation;
      const passed = decision.effect === expect && (rule === undefined || decision.rule === rule);
      const expected = rule === undefined ? expect : `${expect} by the rule ${rule}`;
      return { name, passed, expected, explanation };
    }),
  );
}
