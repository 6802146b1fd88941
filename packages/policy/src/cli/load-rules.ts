import { createRuleSet, type PolicyRule } from "@firsthand/core";
import { conditionsOfCall } from "../cases/call-facts.js";
import { parsePolicy } from "../document/parse-policy.js";
import { aboutFile, readText } from "./arguments.js";

/** The rules of a policy file, checked as a whole. Conditions are taken as supplied. */
export function loadRules(path: string): readonly PolicyRule[] {
  return aboutFile(path, () => {
    const { rules } = parsePolicy(readText(path));
    createRuleSet({ rules, conditions: conditionsOfCall(conditionNames(rules), noCall) });
    return rules;
  });
}

/** What the application has to supply for the rules. */
export function conditionNames(rules: readonly PolicyRule[]): readonly string[] {
  return [...new Set(rules.flatMap(({ conditions = [] }) => conditions))];
}

const noCall = { caller: "", request: "" };
