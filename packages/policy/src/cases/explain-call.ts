import { createRuleSet, type Explanation, type PolicyRule } from "@firsthand/core";
import { callerOfCall, conditionsOfCall, requestOfCall } from "./call-facts.js";
import type { PolicyCall } from "./policy-call.js";

/**
 * What rules decide of a call that is described, and why.
 *
 * @throws {ConfigurationError} naming the rule and what is wrong with it
 */
export function explainCall(rules: readonly PolicyRule[], call: PolicyCall): Promise<Explanation> {
  const names = new Set(rules.flatMap(({ conditions = [] }) => conditions));
  const { explain } = createRuleSet({ rules, conditions: conditionsOfCall(names, call) });
  return explain(callerOfCall(call), requestOfCall(call));
}
