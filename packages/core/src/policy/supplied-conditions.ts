import type { Caller } from "../caller.js";
import type { Clock } from "../clock.js";
import { withDeadline } from "../deadline.js";
import type { PolicyRequest } from "./policy.js";
import type { PolicyCondition, PolicyRule } from "./rule.js";

/** What the conditions of the application were found to be, by name. */
export type Findings = ReadonlyMap<string, Finding>;
type Finding = boolean | { readonly failed: PolicyCondition["onFailure"] };

/** What it takes to ask the application. */
export interface SuppliedConditions {
  readonly conditions: ReadonlyMap<string, PolicyCondition>;
  readonly clock: Clock;
  readonly timeoutMilliseconds: number;
}

/** Asks for each of the conditions once, all at the same time. Does not throw. */
export async function askConditions(
  names: Iterable<string>,
  caller: Caller,
  request: PolicyRequest,
  { conditions, clock, timeoutMilliseconds }: SuppliedConditions,
): Promise<Findings> {
  async function ask(name: string): Promise<[string, Finding]> {
    const { holds, onFailure } = conditions.get(name) as PolicyCondition;
    try {
      const answer = holds(caller, request);
      const found = await withDeadline(answer, clock, timeoutMilliseconds, "policy_timeout");
      if (typeof found === "boolean") return [name, found];
    } catch {
      // counts as declared
    }
    return [name, { failed: onFailure }];
  }
  return new Map(await Promise.all([...new Set(names)].map(ask)));
}

/** Whether a condition holds for a rule of this effect. */
export function holdsFor(effect: PolicyRule["effect"], name: string, findings: Findings): boolean {
  const finding = findings.get(name) as Finding;
  if (typeof finding === "boolean") return finding;
  return effect === (finding.failed === "closed" ? "deny" : "allow");
}
