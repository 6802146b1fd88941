import type { Awaitable } from "../awaitable.js";
import type { Caller, CallerCredential, CallerProof } from "../caller.js";
import type { ProvedBy } from "../proof/format.js";
import type { PolicyRequest } from "./policy.js";

/**
 * One rule of a rule set. It applies to a call when every condition that it names holds; a condition
 * with a list holds when one of the list does.
 */
export interface PolicyRule extends CallerConditions {
  /** Names the rule in decisions and records; unique in its set. */
  readonly name: string;
  readonly effect: "allow" | "deny";
  /** Evaluated and recorded, and never enforced. Default false. */
  readonly dryRun?: boolean | undefined;
  readonly description?: string | undefined;
  /** The kinds of credential that named the caller. */
  readonly credentials?: readonly CallerCredential["kind"][] | undefined;
  /** The kinds of proof. */
  readonly proofs?: readonly ProvedBy[] | undefined;
  /** What the proof said of the request. */
  readonly bindings?: readonly CallerProof["binding"][] | undefined;
  /** Methods as they are sent: upper and lower case differ. A `deny` for GET also denies HEAD. */
  readonly methods?: readonly string[] | undefined;
  /**
   * Paths as on the wire, such as `/orders/*`: `*` stands for one whole segment, and `**` at the end
   * for all that follows the slash before it. A `deny` ignores the case of letters and a slash at the
   * end, as routers may.
   */
  readonly paths?: readonly string[] | undefined;
  /** Values of header fields that the caller signed, by name. Unsigned fields match nothing. */
  readonly headers?: Readonly<Record<string, readonly string[]>> | undefined;
  /** On whose behalf the caller asks. A call without a believed Txn-Token matches nothing. */
  readonly onBehalfOf?: TransactionConditions | undefined;
  /** When the rule applies. */
  readonly times?: readonly TimeWindow[] | undefined;
  /** Names of conditions that the application supplies; all of them have to hold. */
  readonly conditions?: readonly string[] | undefined;
  /** The rule does not apply to a call that one of these matches. */
  readonly except?: RuleExceptions | undefined;
}

/** Who calls. An `allow` names `callers` or `trustDomains`. */
export interface CallerConditions {
  /**
   * SPIFFE IDs: `*` stands for one whole path segment, `**` at the end for all that are left, at least
   * one. `any` is everybody who was verified.
   */
  readonly callers?: "any" | readonly string[] | undefined;
  readonly trustDomains?: readonly string[] | undefined;
  /** Of callers whose path is `/ns/<namespace>/sa/<service account>`. Needs `trustDomains` in an `allow`. */
  readonly namespaces?: readonly string[] | undefined;
  /** As `namespaces`. */
  readonly serviceAccounts?: readonly string[] | undefined;
}

/** What the Txn-Token says that the caller's proof binds; at least one of the two. */
export interface TransactionConditions {
  /** Its `sub` is one of these. */
  readonly subjects?: readonly string[] | undefined;
  /** Its `scope` has one of these. */
  readonly scopes?: readonly string[] | undefined;
}

/** What a rule leaves out. */
export interface RuleExceptions {
  readonly callers?: readonly string[] | undefined;
  readonly methods?: readonly string[] | undefined;
  readonly paths?: readonly string[] | undefined;
}

/** A stretch of time, or hours of the week. */
export type TimeWindow = Period | WeeklyHours;

export interface Period {
  /** RFC 3339, such as `2027-01-31T18:00:00Z`. */
  readonly from?: string | undefined;
  /** RFC 3339; not part of the period itself. */
  readonly until?: string | undefined;
}

export interface WeeklyHours {
  readonly days: readonly ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[];
  /** `HH:MM`. Default `00:00`. */
  readonly start?: string | undefined;
  /** `HH:MM`, later than `start` on the same day; not part of the hours itself. Default `24:00`. */
  readonly end?: string | undefined;
  /** A name of the IANA time zone database, such as `Europe/Berlin`. Default `UTC`. */
  readonly timeZone?: string | undefined;
}

/** A condition of the application, such as a posture, a region or an open change window. */
export interface PolicyCondition {
  /** Whether it holds. Asked once for each decision that depends on it. */
  readonly holds: (caller: Caller, request: PolicyRequest) => Awaitable<boolean>;
  /**
   * What counts when it throws, answers anything but a boolean, or does not answer in time. `closed`:
   * it holds for a `deny` and does not for an `allow`. `unsafe-open`: the reverse, so that whoever can
   * break the condition is let in.
   */
  readonly onFailure: "closed" | "unsafe-open";
}
