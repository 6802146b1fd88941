import { invalidOption } from "../options.js";
import { ambiguousPath, undecided } from "./decision.js";
import type { Policy, PolicyRequest } from "./policy.js";
import { isUnambiguousPath, segmentsOf } from "./request-path.js";
import { isPathPattern } from "./rule-schema.js";
import { SegmentTrie } from "./segments.js";

/**
 * A policy for each route, by method and path: `{ "GET /orders/*": allow("spiffe://…") }`. `*` stands
 * for one whole segment, and `**` at the end for all that follows; of several that match, the most
 * specific is asked, segment by segment. A route that none covers is refused, and so is a path that
 * servers may read in different ways.
 *
 * @throws {ConfigurationError} for a route that is not a method and a path
 */
export function byRoute(routes: Readonly<Record<string, Policy>>): Policy {
  const policies = new SegmentTrie<Map<string, Policy>>();
  for (const [route, policy] of Object.entries(routes)) {
    const option = `[${JSON.stringify(route)}]`;
    const [method = "", path = "", ...rest] = route.split(" ");
    if (
      !/^[A-Z]+$/.test(method) ||
      !path.startsWith("/") ||
      !isPathPattern(path) ||
      rest.length > 0
    ) {
      throw invalidOption("byRoute", option, "must be a method and a path, as GET /orders/*");
    }
    if (typeof policy !== "function") throw invalidOption("byRoute", option, "must be a function");
    policies.at(segmentsOf(path), () => new Map()).set(method, policy);
  }

  function policyOf({ method, path }: PolicyRequest): Policy | undefined {
    const matching = policies.matching(segmentsOf(path));
    return matching.find((byMethod) => byMethod.has(method))?.get(method);
  }

  return (caller, request) => {
    if (!isUnambiguousPath(request.path)) return ambiguousPath;
    return policyOf(request)?.(caller, request) ?? undecided;
  };
}
