import type { PolicyRule } from "@firsthand/core";
import type { CallerConverters } from "./convert-caller.js";
import { convertMatch } from "./convert-match.js";
import type { ImportNote } from "./import-note.js";
import type { IstioPolicy, IstioRule } from "./manifests.js";
import type { IstioMatch } from "./match-items.js";

/** What the conversion of a policy has to know. */
export interface PolicyContext {
  readonly trustDomains: readonly string[];
  readonly converters: CallerConverters;
  readonly notes: ImportNote[];
}

const dryRunAnnotation = "istio.io/dry-run";

/** The rules for one AuthorizationPolicy that is for the workload. */
export function convertPolicy(policy: IstioPolicy, context: PolicyContext): readonly PolicyRule[] {
  const { metadata, spec } = policy;
  const { namespace = "default", name, annotations = {} } = metadata;
  const { action = "ALLOW", rules = [] } = spec;
  const fullName = `${namespace}/${name}`;
  const effect = action === "ALLOW" || action === "AUDIT" ? "allow" : "deny";
  const dryRun = action === "AUDIT" || annotations[dryRunAnnotation] === "true";

  if (action === "CUSTOM") {
    context.notes.push({
      policy: fullName,
      where: "action",
      effect: "denies more",
      why: "what the external provider would decide is denied; ask it by authzenPolicy or externalPolicy instead",
    });
  }
  return rules.flatMap((rule, ruleIndex) =>
    matchesOf(rule).flatMap(({ match, suffix }) => {
      const conditions = convertMatch(match, {
        ...context,
        effect,
        namespace,
        note: (where, noted, why) =>
          context.notes.push({
            policy: fullName,
            where: [`rules[${ruleIndex}]`, where].filter(Boolean).join(" "),
            effect: dryRun ? "not decided here" : noted,
            why,
          }),
      });
      if (conditions === undefined) return [];
      const ruleName = `${fullName}/${ruleIndex}${suffix}`;
      return [{ name: ruleName, effect, ...(dryRun && { dryRun }), ...conditions }];
    }),
  );
}

/** Each source with each operation; one that is not there matches everything. */
function matchesOf(rule: IstioRule): readonly { match: IstioMatch; suffix: string }[] {
  const { from = [], to = [], when = [] } = rule;
  const sources = from.length === 0 ? [{}] : from.map(({ source }) => source);
  const operations = to.length === 0 ? [{}] : to.map(({ operation }) => operation);
  return sources.flatMap((source, fromIndex) =>
    operations.map((operation, toIndex) => ({
      match: { source, operation, when },
      suffix: sources.length * operations.length === 1 ? "" : `.${fromIndex}.${toIndex}`,
    })),
  );
}
