import { invalidOption } from "../options.js";
import { idPatternOption } from "../spiffe/id-pattern-option.js";
import { parseTrustDomain } from "../spiffe/spiffe-id.js";
import type { SpiffeIdPattern } from "../spiffe/spiffe-id-pattern.js";
import { decision } from "./decision.js";
import type { Policy, PolicyDecision } from "./policy.js";

/**
 * Allows callers whose SPIFFE ID is one of these. `*` stands for one whole path segment, as in
 * `spiffe://shop.example/ns/prod/sa/*`; there is no other wildcard and no prefix. The rule of a
 * decision is the ID that matched, or else the first pattern. IDs are looked up, patterns are gone through.
 *
 * @throws {ConfigurationError} for anything that is not the ID of a workload or such a pattern
 */
export function allow(...ids: readonly string[]): Policy {
  if (ids.length === 0) throw invalidOption("allow", "", "name at least one SPIFFE ID");
  const exact = new Map<string, PolicyDecision>();
  const patterns: { readonly matches: SpiffeIdPattern; readonly answer: PolicyDecision }[] = [];
  for (const [index, text] of ids.entries()) {
    const matches = idPatternOption("allow", `[${index}]`, text);
    const answer = decision("allow", text);
    if (text.includes("*")) patterns.push({ matches, answer });
    else exact.set(text, answer);
  }
  return ({ id }) =>
    exact.get(id.toString()) ?? patterns.find(({ matches }) => matches(id))?.answer ?? false;
}

/**
 * Allows every workload of a trust domain. The rule of a decision is `trust domain` and its name.
 *
 * @throws {ConfigurationError} when it is not a trust domain name, such as `shop.example`
 */
export function allowTrustDomain(trustDomain: string): Policy {
  try {
    const name = parseTrustDomain(trustDomain);
    const answer = decision("allow", `trust domain ${name}`);
    return ({ id }) => (id.scheme === "spiffe" && id.trustDomain === name ? answer : false);
  } catch (cause) {
    throw invalidOption("allowTrustDomain", "trustDomain", "must be a trust domain name", cause);
  }
}
