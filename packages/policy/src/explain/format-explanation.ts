import type { ExplainedRule, Explanation } from "@firsthand/core";

const maxNearMisses = 5;

/** An explanation as lines of text: what was decided and why, and the rules that came closest. */
export function formatExplanation({ decision, rules }: Explanation): string {
  const applying = rules.filter(({ failed }) => failed.length === 0);
  const lines = [
    decision.rule === undefined
      ? `${decision.effect}: no rule allows it`
      : `${decision.effect}: by the rule ${decision.rule}`,
    ...applying
      .filter(({ name }) => name !== decision.rule)
      .map((rule) => `  ${describe(rule)} applies as well`),
    ...nearMisses(rules).map((rule) => `  ${describe(rule)} fails on ${rule.failed.join(", ")}`),
  ];
  return lines.join("\n");
}

/** The rules of which the fewest conditions do not hold, those first. */
function nearMisses(rules: readonly ExplainedRule[]): readonly ExplainedRule[] {
  return rules
    .filter(({ failed }) => failed.length > 0)
    .sort((a, b) => a.failed.length - b.failed.length)
    .slice(0, maxNearMisses);
}

function describe({ name, effect, dryRun }: ExplainedRule): string {
  return `${name} (${effect}${dryRun ? ", dry run" : ""})`;
}
