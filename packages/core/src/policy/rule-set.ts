import type { Caller } from "../caller.js";
import { type CompiledRule, compileRule } from "./compile-rule.js";
import { ambiguousPath, decision } from "./decision.js";
import { type Explanation, explainRules } from "./explain.js";
import type { Policy, PolicyDecision, PolicyRequest, RuleVerdict } from "./policy.js";
import { isUnambiguousPath } from "./request-path.js";
import { exact, lenient } from "./rule-conditions.js";
import { RuleIndex } from "./rule-index.js";
import { parseRuleSetOptions, type RuleSetOptions } from "./rule-set-options.js";
import { askConditions, holdsFor } from "./supplied-conditions.js";

/** Rules as a policy. */
export interface RuleSet {
  /** The policy: `createVerifier({ policy: rules.decide, … })`. */
  readonly decide: Policy;
  /** What `decide` answers, and why each rule did or did not apply. Looks at every rule. */
  readonly explain: (caller: Caller, request: PolicyRequest) => Promise<Explanation>;
}

/**
 * Makes a policy of rules. Nothing is allowed that no rule allows, and a rule that denies wins over
 * all that allow. A decision names its rule. It looks only at rules whose caller, path and method fit,
 * however many there are.
 *
 * A path that servers may read in different ways is denied whatever the rules say; the decision names
 * `(ambiguous path)` then.
 *
 * @throws {ConfigurationError} naming the rule and what is wrong with it
 */
export function createRuleSet(options: RuleSetOptions): RuleSet {
  const { rules, ...supplied } = parseRuleSetOptions(options);
  const compiled = rules.map(compileRule);
  const allowing = new RuleIndex(exact);
  const denying = new RuleIndex(lenient);
  for (const each of compiled) (each.rule.effect === "allow" ? allowing : denying).add(each);

  function candidates(caller: Caller, request: PolicyRequest): readonly CompiledRule[] {
    const found = new Set<CompiledRule>();
    allowing.find(caller, request, found);
    denying.find(caller, request, found);
    const fitting = [...found].filter(({ others }) =>
      others.every(({ holds }) => holds(caller, request)),
    );
    return fitting.sort((a, b) => a.order - b.order);
  }

  function decide(caller: Caller, request: PolicyRequest) {
    if (!isUnambiguousPath(request.path)) return ambiguousPath;
    const found = candidates(caller, request);
    const names = found.flatMap(({ rule }) => rule.conditions ?? []);
    return names.length === 0 ? conclude(found) : decideLater(found, names, caller, request);
  }

  async function decideLater(
    found: readonly CompiledRule[],
    names: readonly string[],
    caller: Caller,
    request: PolicyRequest,
  ): Promise<PolicyDecision> {
    const findings = await askConditions(names, caller, request, supplied);
    const holding = found.filter(({ rule }) =>
      (rule.conditions ?? []).every((name) => holdsFor(rule.effect, name, findings)),
    );
    return conclude(holding);
  }

  async function explain(caller: Caller, request: PolicyRequest): Promise<Explanation> {
    const names = rules.flatMap(({ conditions = [] }) => conditions);
    const findings = await askConditions(names, caller, request, supplied);
    const explained = explainRules(compiled, caller, request, findings);
    const applying = compiled.filter((_, index) => explained[index]?.failed.length === 0);
    const decided = isUnambiguousPath(request.path) ? conclude(applying) : ambiguousPath;
    return Object.freeze({ decision: decided, rules: explained });
  }

  return Object.freeze({ decide, explain });
}

/** What the rules that apply, in order, decide. */
function conclude(applying: readonly CompiledRule[]): PolicyDecision {
  const rules = applying.map(({ rule }) => rule);
  const enforced = rules.filter(({ dryRun }) => dryRun !== true);
  const deciding = enforced.find(({ effect }) => effect === "deny") ?? enforced[0];
  const dryRun: readonly RuleVerdict[] = rules
    .filter((rule) => rule.dryRun === true)
    .map(({ effect, name }) => Object.freeze({ effect, rule: name }));
  return decision(deciding?.effect ?? "deny", deciding?.name, Object.freeze(dryRun));
}
