import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectIdError } from "../expect-error.test-support.js";
import { SpiffeId, type SpiffeIdErrorCode } from "./spiffe-id.js";
import { parseSpiffeIdPattern } from "./spiffe-id-pattern.js";

const id = (text: string) => SpiffeId.parse(text, ["spiffe", "wimse"]);

/** The rule in one line: each `*` that is a whole segment stands for one segment. */
function reference(pattern: string): RegExp {
  const source = pattern
    .split("/")
    .map((segment) => (segment === "*" ? "[^/]+" : segment.replaceAll(".", "\\.")))
    .join("/");
  return new RegExp(`^${source}$`);
}

describe("parseSpiffeIdPattern", () => {
  it.each<[pattern: string, text: string, matches: boolean]>([
    ["spiffe://td/ns/pay", "spiffe://td/ns/pay", true],
    ["spiffe://td/ns/pay", "spiffe://td/ns/payroll", false],
    ["spiffe://td/ns/pay", "spiffe://td/ns/pay/sa", false],
    ["spiffe://td/ns/pay", "spiffe://td/ns", false],
    ["spiffe://td/ns/pay", "spiffe://td2/ns/pay", false],
    ["spiffe://td/ns/pay", "wimse://td/ns/pay", false],
    ["spiffe://td/ns/*/sa/*", "spiffe://td/ns/pay/sa/web", true],
    ["spiffe://td/ns/*/sa/*", "spiffe://td/ns/pay/sb/web", false],
    ["spiffe://td/ns/*/sa/*", "spiffe://td/ns/pay/sa", false],
    ["spiffe://td/ns/*/sa/*", "spiffe://td/ns/pay/sa/web/x", false],
    ["spiffe://td/ns/*/sa/*", "spiffe://td2/ns/pay/sa/web", false],
    ["spiffe://td/*", "spiffe://td/-", true],
    ["spiffe://td/*", "spiffe://td", false],
    ["wimse://td/*", "wimse://td/a", true],
    ["spiffe://td/a.c", "spiffe://td/abc", false],
  ])("%s on %s: %s", (pattern, text, matches) => {
    expect(parseSpiffeIdPattern(pattern)(id(text))).toBe(matches);
  });

  it.each<[title: string, pattern: unknown, code: SpiffeIdErrorCode]>([
    ["a wildcard for the trust domain", "spiffe://*/a", "trust_domain_invalid"],
    ["a wildcard in the trust domain", "spiffe://*.example/a", "trust_domain_invalid"],
    ["a wildcard for part of a segment", "spiffe://td/a*", "path_invalid"],
    ["a double wildcard", "spiffe://td/**", "path_invalid"],
    ["regular expressions", "spiffe://td/(a|b)", "path_invalid"],
    ["a pattern without a path", "spiffe://td", "path_missing"],
    ["a pattern that ends with a slash", "spiffe://td/*/", "path_trailing_slash"],
    ["a wildcard for the scheme", "*://td/a", "scheme_invalid"],
    ["a wildcard alone", "*", "scheme_invalid"],
    ["nothing", "", "empty"],
    ["undefined", undefined, "not_string"],
  ])("refuses %s", async (_, pattern, code) => {
    await expectIdError(() => parseSpiffeIdPattern(pattern), code);
  });

  it("agrees with a regular expression", () => {
    const segment = fc.constantFrom("a", "b", "-", "a.b", "aa");
    const path = (unit: fc.Arbitrary<string>) =>
      fc
        .array(unit, { minLength: 1, maxLength: 3 })
        .map((segments) => `spiffe://td/${segments.join("/")}`);
    fc.assert(
      fc.property(path(fc.oneof(segment, fc.constant("*"))), path(segment), (pattern, text) => {
        expect(parseSpiffeIdPattern(pattern)(id(text))).toBe(reference(pattern).test(text));
      }),
      { numRuns: 500 },
    );
  });
});
