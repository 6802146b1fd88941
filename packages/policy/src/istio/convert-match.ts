import type { PolicyRule } from "@firsthand/core";
import { type CarriedList, carryList, type Direction } from "./carry.js";
import { type CallerConverters, intersectCallers } from "./convert-caller.js";
import type { ImportNote } from "./import-note.js";
import { type ItemTarget, targetOf } from "./item-target.js";
import { type IstioMatch, itemsOf, type MatchItem } from "./match-items.js";

/** What the conversion of a match has to know. */
export interface MatchContext {
  readonly effect: PolicyRule["effect"];
  readonly namespace: string;
  readonly trustDomains: readonly string[];
  readonly converters: CallerConverters;
  readonly note: (where: string, effect: ImportNote["effect"], why: string) => void;
}

/** The conditions of a rule while it is made. */
interface Draft {
  callers?: readonly string[];
  namespaces?: readonly string[];
  methods?: readonly string[];
  paths?: readonly string[];
  headers: Readonly<Record<string, readonly string[]>>;
  except: { callers?: readonly string[]; methods?: readonly string[]; paths?: readonly string[] };
}

/** The conditions of a rule, without its name and effect. */
export type RuleConditions = Omit<PolicyRule, "name" | "effect">;

/**
 * The conditions of a rule for a match: for what allows never wider, for what denies never narrower.
 * Undefined when an `allow` can not be held to what the match asks for.
 */
export function convertMatch(match: IstioMatch, context: MatchContext): RuleConditions | undefined {
  const draft: Draft = { headers: {}, except: {} };
  for (const item of itemsOf(match)) {
    if (!addItem(draft, item, context)) return undefined;
  }
  return conditionsOf(draft, context);
}

/** Takes in one list. False when a rule that allows cannot be made. */
function addItem(draft: Draft, item: MatchItem, context: MatchContext): boolean {
  const { effect, namespace, converters, note } = context;
  const isAllow = effect === "allow";
  const lose = (why: string) => {
    note(item.where, isAllow ? "left out" : "denies more", why);
    return !isAllow;
  };
  const target = targetOf(item, effect, namespace, converters);
  if (target === undefined) return lose("no rule has a condition for it");
  const direction: Direction = isAllow === item.isNegative ? "wider" : "narrower";
  const list = carry(target, item, direction, (value) =>
    note(item.where, isAllow ? "narrower" : "denies more", `${value} has no exact counterpart`),
  );
  if (!item.isNegative) return include(draft, target, list, item, context);
  if (list === "always") return lose("it leaves everything out");
  if (list !== "never") exclude(draft, target, list, isAllow, context);
  return true;
}

function carry(
  { condition, convert }: ItemTarget,
  { values }: MatchItem,
  direction: Direction,
  lost: (value: string) => void,
): CarriedList {
  // `*` is whatever is there; only a header field may not be.
  if (typeof condition === "string" && values.includes("*")) return "always";
  return carryList(values, direction, convert, lost);
}

/** Takes in what has to match. False when a rule that allows cannot be made. */
function include(
  draft: Draft,
  { condition }: ItemTarget,
  list: CarriedList,
  { where }: MatchItem,
  { effect, note }: MatchContext,
): boolean {
  if (list === "always") return true;
  if (list === "never") {
    note(where, "left out", "nothing is left that it could allow");
    return false;
  }
  if (typeof condition === "object") {
    draft.headers = { ...draft.headers, [condition.header]: list };
  } else if (effect === "allow" && condition === "callers") {
    draft.callers = draft.callers === undefined ? list : intersectCallers(draft.callers, list);
  } else if (namesCallers(condition) && (draft.callers ?? draft.namespaces) !== undefined) {
    note(where, "denies more", "a rule that denies names callers in one way");
  } else {
    draft[condition] = list;
  }
  return true;
}

function namesCallers(condition: ItemTarget["condition"]): boolean {
  return condition === "callers" || condition === "namespaces";
}

/** Takes in what has not to match. */
function exclude(
  draft: Draft,
  { condition }: ItemTarget,
  list: readonly string[],
  isAllow: boolean,
  { trustDomains }: MatchContext,
): void {
  if (condition !== "callers" && condition !== "methods" && condition !== "paths") return;
  draft.except[condition] = [...(draft.except[condition] ?? []), ...list];
  if (condition !== "callers" || !isAllow) return;
  // A name that is left out is known in the trust domains of the mesh only.
  const inMesh = trustDomains.map((trustDomain) => `spiffe://${trustDomain}/**`);
  draft.callers = draft.callers === undefined ? inMesh : intersectCallers(draft.callers, inMesh);
}

function conditionsOf(draft: Draft, { effect, note }: MatchContext): RuleConditions | undefined {
  const { callers, namespaces, methods, paths, headers, except } = draft;
  if (callers?.length === 0) {
    note("", "left out", "no caller is left that it could allow");
    return undefined;
  }
  const everybody = effect === "allow" ? { callers: "any" as const } : {};
  return {
    ...(callers === undefined ? everybody : { callers }),
    ...(namespaces && { namespaces }),
    ...(methods && { methods }),
    ...(paths && { paths }),
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(Object.keys(except).length > 0 && { except }),
  };
}
