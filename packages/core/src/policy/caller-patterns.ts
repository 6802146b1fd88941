import type { SpiffeId } from "../spiffe/spiffe-id.js";
import type { CallerConditions } from "./rule.js";
import { oneSegment, restOfSegments, type SegmentPattern } from "./segments.js";

/** A SPIFFE ID as segments, its scheme and trust domain included. */
export function callerSegments(id: SpiffeId): readonly string[] {
  return id.toString().split("/");
}

/** SPIFFE IDs and patterns that the schema accepted, as segments. */
export function idPatterns(ids: readonly string[]): readonly SegmentPattern[] {
  return ids.map((id) => id.split("/"));
}

/** The callers that a rule names, or undefined when it names none. */
export function callerPatterns(rule: CallerConditions): readonly SegmentPattern[] | undefined {
  const { callers, trustDomains, namespaces, serviceAccounts } = rule;
  if (callers === "any") return [[restOfSegments]];
  if (callers !== undefined) return idPatterns(callers);
  const paths = kubernetesPaths(namespaces, serviceAccounts);
  if (trustDomains === undefined && paths === undefined) return undefined;
  return (trustDomains ?? [oneSegment]).flatMap((trustDomain) =>
    (paths ?? [[restOfSegments]]).map((path) => ["spiffe:", "", trustDomain, ...path]),
  );
}

function kubernetesPaths(
  namespaces: readonly string[] | undefined,
  serviceAccounts: readonly string[] | undefined,
): readonly SegmentPattern[] | undefined {
  if (namespaces === undefined && serviceAccounts === undefined) return undefined;
  return (namespaces ?? [oneSegment]).flatMap((namespace) =>
    (serviceAccounts ?? [oneSegment]).map((account) => ["ns", namespace, "sa", account]),
  );
}
