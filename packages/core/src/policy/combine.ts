import { invalidOption } from "../options.js";
import { decision, decisionOf } from "./decision.js";
import type { Policy, PolicyDecision, RuleVerdict } from "./policy.js";

/**
 * Asks the policies in order until one of them decides: allows, or denies by a rule that it names.
 * A policy that only does not allow leaves the decision to the next.
 *
 * @throws {ConfigurationError} without a policy
 */
export function anyOf(...policies: readonly Policy[]): Policy {
  if (policies.length === 0) throw invalidOption("anyOf", "", "name at least one policy");
  return async (caller, request) => {
    const dryRun: RuleVerdict[] = [];
    for (const policy of policies) {
      const decided = decisionOf(await policy(caller, request));
      dryRun.push(...decided.dryRun);
      if (decided.effect === "allow" || decided.rule !== undefined) {
        return decision(decided.effect, decided.rule, dryRun);
      }
    }
    return decision("deny", undefined, dryRun);
  };
}

/**
 * Allows what every one of the policies allows. They are asked in order; the first that does not
 * allow decides. A decision to allow names all rules that made it.
 *
 * @throws {ConfigurationError} without a policy
 */
export function allOf(...policies: readonly Policy[]): Policy {
  if (policies.length === 0) throw invalidOption("allOf", "", "name at least one policy");
  return async (caller, request) => {
    const decisions: PolicyDecision[] = [];
    for (const policy of policies) {
      const decided = decisionOf(await policy(caller, request));
      decisions.push(decided);
      if (decided.effect === "deny") break;
    }
    const dryRun = decisions.flatMap((decided) => decided.dryRun);
    const last = decisions.at(-1) as PolicyDecision;
    if (last.effect === "deny") return decision("deny", last.rule, dryRun);
    const rules = decisions.map(({ rule }) => rule).filter((rule) => rule !== undefined);
    return decision("allow", rules.length === 0 ? undefined : rules.join(" and "), dryRun);
  };
}
