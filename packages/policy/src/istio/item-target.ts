import type { PolicyRule } from "@firsthand/core";
import type { Convert } from "./carry.js";
import { type CallerConverters, isSegment } from "./convert-caller.js";
import { convertPath } from "./convert-path.js";
import type { MatchItem } from "./match-items.js";

/** Which condition of a rule takes a list in, and how its values are read. */
export interface ItemTarget {
  readonly condition: "callers" | "namespaces" | "methods" | "paths" | { readonly header: string };
  readonly convert: Convert;
}

const convertMethod: Convert = (value) =>
  /^[A-Za-z0-9_-]+$/.test(value) ? { patterns: [value], isExact: true } : undefined;
const convertText: Convert = (value) =>
  /^\*|\*$/.test(value) ? undefined : { patterns: [value], isExact: false };
const sameNamespace: Convert = (value) =>
  isSegment(value) ? { patterns: [value], isExact: true } : undefined;

/** Where a list goes; undefined when no rule has a condition for it. */
export function targetOf(
  { subject, isNegative }: MatchItem,
  effect: PolicyRule["effect"],
  policyNamespace: string,
  converters: CallerConverters,
): ItemTarget | undefined {
  const header = /^when request\.headers\[([\w!#$%&'*+.^`|~-]+)\]$/.exec(subject)?.[1];
  if (header !== undefined) {
    // Only signed fields count here, so a deny or an exception would miss the others.
    if (effect === "deny" || isNegative) return undefined;
    return { condition: { header: header.toLowerCase() }, convert: convertText };
  }
  switch (subject) {
    case "source.principals":
    case "when source.principal":
      return { condition: "callers", convert: converters.principal };
    case "source.namespaces":
    case "when source.namespace":
      return effect === "deny" && !isNegative
        ? { condition: "namespaces", convert: sameNamespace }
        : { condition: "callers", convert: converters.namespace };
    case "source.serviceAccounts":
      return { condition: "callers", convert: converters.serviceAccount(policyNamespace) };
    case "operation.methods":
      return { condition: "methods", convert: convertMethod };
    case "operation.paths":
      return { condition: "paths", convert: convertPath };
    default:
      return undefined;
  }
}
