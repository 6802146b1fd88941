import { invalidOption } from "../options.js";
import { idPatternOption } from "../spiffe/id-pattern-option.js";
import { parseTrustDomain } from "../spiffe/spiffe-id.js";
import { decision } from "./decision.js";
import type { Policy } from "./policy.js";

/**
 * Allows callers whose SPIFFE ID is one of these. `*` stands for one whole path segment, as in
 * `spiffe://shop.example/ns/prod/sa/*`; there is no other wildcard and no prefix. The rule of a
 * decision is the ID or pattern that matched.
 *
 * @throws {ConfigurationError} for anything that is not the ID of a workload or such a pattern
 */
export function allow(...ids: readonly string[]): Policy {
  if (ids.length === 0) throw invalidOption("allow", "", "name at least one SPIFFE ID");
  const patterns = ids.map((text, index) => {
    const matches = idPatternOption("allow", `[${index}]`, text);
    return { matches, answer: decision("allow", text) };
  });
  return ({ id }) => patterns.find(({ matches }) => matches(id))?.answer ?? false;
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
