import type { Caller } from "../caller.js";
import type { CompiledRule } from "./compile-rule.js";
import type { PolicyDecision, PolicyRequest } from "./policy.js";
import { type Findings, holdsFor } from "./supplied-conditions.js";

/** Why a call is decided as it is. */
export interface Explanation {
  readonly decision: PolicyDecision;
  /** Every rule, in order. */
  readonly rules: readonly ExplainedRule[];
}

export interface ExplainedRule {
  readonly name: string;
  readonly effect: "allow" | "deny";
  readonly dryRun: boolean;
  /**
   * The conditions that do not hold, as the rule names them, such as `methods`, `headers.x-tenant`,
   * `except.paths` or `conditions.change-window`. The rule applies when there are none.
   */
  readonly failed: readonly string[];
}

/** Looks at each condition of each rule by itself. */
export function explainRules(
  rules: readonly CompiledRule[],
  caller: Caller,
  request: PolicyRequest,
  findings: Findings,
): readonly ExplainedRule[] {
  return rules.map(({ rule, indexed, others }) => {
    const { name, effect, dryRun = false, conditions = [] } = rule;
    const failed = [
      ...[...indexed, ...others].filter(({ holds }) => !holds(caller, request)),
      ...conditions
        .filter((condition) => !holdsFor(effect, condition, findings))
        .map((condition) => ({ name: `conditions.${condition}` })),
    ].map((condition) => condition.name);
    return Object.freeze({ name, effect, dryRun, failed: Object.freeze(failed) });
  });
}
