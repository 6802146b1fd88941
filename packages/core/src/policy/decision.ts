import type { PolicyAnswer, PolicyDecision, RuleVerdict } from "./policy.js";

const noVerdicts: readonly RuleVerdict[] = Object.freeze([]);

/** A decision as it is recorded. */
export function decision(
  effect: PolicyDecision["effect"],
  rule?: string | undefined,
  dryRun: readonly RuleVerdict[] = noVerdicts,
): PolicyDecision {
  return Object.freeze({ effect, rule, dryRun });
}

const allowed = decision("allow");
/** No rule allows it. */
export const undecided: PolicyDecision = decision("deny");
/** Servers may read the path in different ways. In parentheses, as no rule is named. */
export const ambiguousPath: PolicyDecision = decision("deny", "(ambiguous path)");

/** Reads what a policy answered. Whatever is neither `true` nor a decision to allow denies. */
export function decisionOf(answer: PolicyAnswer): PolicyDecision {
  if (answer === true) return allowed;
  if (typeof answer !== "object" || answer === null) return undecided;
  const rule = own(answer, "rule");
  const dryRun = own(answer, "dryRun");
  return decision(
    own(answer, "effect") === "allow" ? "allow" : "deny",
    typeof rule === "string" ? rule : undefined,
    Array.isArray(dryRun) ? dryRun : noVerdicts,
  );
}

/** Nothing is taken from a prototype. */
function own(answer: Partial<PolicyDecision>, member: keyof PolicyDecision): unknown {
  return Object.hasOwn(answer, member) ? answer[member] : undefined;
}
