import type { Awaitable } from "../awaitable.js";
import type { Caller } from "../caller.js";

/** The request as a policy sees it: what the proof bound, and when it is decided. */
export interface PolicyRequest {
  readonly method: string;
  /** Path as on the wire, nothing decoded. */
  readonly path: string;
  /** The bytes after `?`; undefined without a `?`. */
  readonly query: string | undefined;
  /** When it is decided: milliseconds since the epoch, from the clock of the verifier. */
  readonly time: number;
}

/** One rule that applied, and what it says. */
export interface RuleVerdict {
  readonly effect: "allow" | "deny";
  readonly rule: string;
}

/** What a policy decided, and by which rule. */
export interface PolicyDecision {
  readonly effect: "allow" | "deny";
  /** The rule that made it. Undefined when no rule applied, or when the policy names none. */
  readonly rule: string | undefined;
  /** The dry-run rules that applied: what they would have done, had they been enforced. */
  readonly dryRun: readonly RuleVerdict[];
}

/**
 * What a policy answers: a decision, or only whether it allows. `false` means that nothing in it
 * allows the call, and a `deny` with a rule that this rule forbids it.
 */
export type PolicyAnswer = boolean | (Pick<PolicyDecision, "effect"> & Partial<PolicyDecision>);

/**
 * Decides whether a verified caller may do what it asks. Only `true` and a decision with the effect
 * `allow` allow.
 *
 * An answer can be an object that denies. Combine policies with `anyOf` and `allOf`, not with `||`
 * and `&&`.
 */
export type Policy = (caller: Caller, request: PolicyRequest) => Awaitable<PolicyAnswer>;
