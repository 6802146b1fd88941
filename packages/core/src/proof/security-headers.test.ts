import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VerificationError } from "../errors.js";
import { expectRefusal, unlessThrown } from "../expect-error.test-support.js";
import type { VerificationCode } from "../refusal-codes.js";
import type { ProofRequest } from "./proof-request.js";
import { headerNames, readSecurityHeaders, singleHeader } from "./security-headers.js";

const nothing = {
  svidProof: undefined,
  workloadIdentityToken: undefined,
  workloadProofToken: undefined,
  authorization: undefined,
  txnToken: undefined,
};

describe("readSecurityHeaders", () => {
  it("reads each header, whatever the case of its name", () => {
    expect(
      readSecurityHeaders([
        ["SVID-PROOF", "a"],
        ["workload-identity-token", "b"],
        ["Workload-Proof-Token", "c"],
        ["aUTHORIZATION", "Bearer d"],
        ["txn-token", "e"],
        ["accept", "x"],
        ["accept", "y"],
      ]),
    ).toEqual({
      svidProof: "a",
      workloadIdentityToken: "b",
      workloadProofToken: "c",
      authorization: { scheme: "bearer", value: "d" },
      txnToken: "e",
    });
  });

  it("finds nothing where there is nothing, and never normalises a name", () => {
    expect(readSecurityHeaders([])).toEqual(nothing);
    const headers = [
      ["SVID_Proof", "a"],
      ["SVID-Proof ", "a"],
      ["X-SVID-Proof", "a"],
      ["svidproof", "a"],
      ["__proto__", "a"],
    ] as const;
    expect(readSecurityHeaders(headers)).toEqual(nothing);
  });

  it.each([
    ["WPT a.b.c", "wpt", "a.b.c"],
    ["wpt   a.b.c  ", "wpt", "a.b.c"],
    ["Bearer", "bearer", ""],
    ["", "", ""],
    ["WPT\ta", "wpt\ta", ""],
    ["Basic a, b", "basic", "a, b"],
    ['Digest username="a", realm="b"', "digest", 'username="a", realm="b"'],
  ])("splits Authorization %j", (value, scheme, rest) => {
    const { authorization } = readSecurityHeaders([["authorization", value]]);
    expect(authorization).toEqual({ scheme, value: rest });
  });

  const names = Object.values(headerNames);
  it.each(names)("refuses %s twice", async (name) => {
    const headers = [
      [name, "a"],
      [name.toLowerCase(), "a"],
    ] as const;
    await expectRefusal(() => readSecurityHeaders(headers), "header_duplicate");
  });

  it.each<[title: string, name: string, value: unknown, code: VerificationCode]>([
    ["two values that a proxy joined", "SVID-Proof", "a.b.c, d.e.f", "header_duplicate"],
    ["two WITs that a proxy joined", "Workload-Identity-Token", "a,b", "header_duplicate"],
    ["two proofs that a proxy joined", "Workload-Proof-Token", "a,b", "header_duplicate"],
    ["two transaction tokens that a proxy joined", "Txn-Token", "a,b", "header_duplicate"],
    ["two WPTs that a proxy joined", "Authorization", "WPT a, WPT b", "header_duplicate"],
    [
      "two bearer tokens that a proxy joined",
      "Authorization",
      "Bearer a, Bearer b",
      "header_duplicate",
    ],
    ["two DPoP tokens that a proxy joined", "Authorization", "dpop a,b", "header_duplicate"],
    ["a list", "SVID-Proof", ["a"], "header_invalid"],
    ["a number", "Authorization", 7, "header_invalid"],
    ["undefined", "Txn-Token", undefined, "header_invalid"],
    ["a character that is not ASCII", "SVID-Proof", "é", "header_invalid"],
    ["a line feed", "SVID-Proof", "a\nb", "header_invalid"],
    ["a line feed at the end", "SVID-Proof", "a\n", "header_invalid"],
    ["NUL", "SVID-Proof", "a\0", "header_invalid"],
  ])("refuses %s", async (_, name, value, code) => {
    await expectRefusal(() => readSecurityHeaders([[name, value as string]]), code);
  });

  it("answers any headers with texts, or refuses them", () => {
    const name = fc.oneof(
      fc.constantFrom(...names, ...names.map((text) => text.toUpperCase()), "accept"),
      fc.string({ unit: "binary" }),
    );
    const text = fc.string({ unit: fc.constantFrom("a", ".", " ", "W", "P", "T", "é", "\t", ",") });
    const headers = fc.array(fc.tuple(name, fc.oneof(text, fc.anything())), { maxLength: 4 });
    fc.assert(
      fc.property(headers, (given) => {
        const read = unlessThrown(VerificationError, () =>
          readSecurityHeaders(given as unknown as ProofRequest["headers"]),
        );
        for (const value of Object.values(read ?? {})) {
          expect(["undefined", "string", "object"]).toContain(typeof value);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("singleHeader", () => {
  it("takes an empty value for a value", async () => {
    expect(singleHeader([["a", ""]], "A")).toBe("");
    const twice = [
      ["a", ""],
      ["a", ""],
    ] as const;
    await expectRefusal(() => singleHeader(twice, "a"), "header_duplicate");
  });

  it("does not look at the values of others", () => {
    expect(singleHeader([["b", "é"]], "a")).toBeUndefined();
  });
});
