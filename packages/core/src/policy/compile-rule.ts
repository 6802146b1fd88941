import type { PolicyRule } from "./rule.js";
import { indexedConditions, otherConditions, type RuleCondition } from "./rule-conditions.js";

/** A rule with its conditions made ready. */
export interface CompiledRule {
  readonly rule: PolicyRule;
  /** Its place in the set. */
  readonly order: number;
  readonly indexed: readonly RuleCondition[];
  readonly others: readonly RuleCondition[];
}

export function compileRule(rule: PolicyRule, order: number): CompiledRule {
  return Object.freeze({
    rule,
    order,
    indexed: indexedConditions(rule),
    others: otherConditions(rule),
  });
}
