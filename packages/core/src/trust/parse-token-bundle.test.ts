import { createTestClock, createTrustDomain, type TestTrustDomain } from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { utf8 } from "../encoding.js";
import { expectCredentialError, expectIdError } from "../expect-error.test-support.js";
import { parseTokenBundle } from "./parse-trust-bundle.js";

type Jwk = Readonly<Record<string, unknown>>;

const name = "td.example";
let domain: TestTrustDomain;
let jwt: Jwk;
let wit: Jwk;

beforeAll(async () => {
  domain = await createTrustDomain(name, { clock: createTestClock() });
  [, jwt, wit] = JSON.parse(domain.bundleDocument()).keys;
});

const parse = (use: "jwt-svid" | "wit-svid", ...keys: readonly unknown[]) =>
  parseTokenBundle(name, JSON.stringify({ keys }), use);
const without = (member: string, jwk: Jwk) => ({ ...jwk, [member]: undefined });

describe("parseTokenBundle", () => {
  it("reads the keys of one kind of token, and nothing else", async () => {
    const document = domain.bundleDocument();
    for (const given of [document, utf8(document)]) {
      const bundle = await parseTokenBundle(name, given, "jwt-svid");
      expect([...bundle.jwtAuthorities.keys()]).toEqual([jwt["kid"]]);
      expect(bundle).toMatchObject({ trustDomain: name, x509Authorities: [], sequence: undefined });
      expect(bundle.witAuthorities.size).toBe(0);
      expect(Object.isFrozen(bundle)).toBe(true);
    }
    const bundle = await parseTokenBundle(name, document, "wit-svid");
    expect([...bundle.witAuthorities.keys()]).toEqual([wit["kid"]]);
    expect(bundle.jwtAuthorities.size).toBe(0);
  });

  it("takes a key without use for the kind that was asked for", async () => {
    const bundle = await parse("wit-svid", without("use", wit));
    expect([...bundle.witAuthorities.keys()]).toEqual([wit["kid"]]);
    expect((await parse("jwt-svid", without("use", jwt))).jwtAuthorities.size).toBe(1);
  });

  it("ignores keys of another use or of an unknown kind", async () => {
    const bundle = await parse("jwt-svid", jwt, wit, { ...jwt, kid: "b", kty: "AKP" });
    expect([...bundle.jwtAuthorities.keys()]).toEqual([jwt["kid"]]);
  });

  it("takes a bundle without keys: everything was revoked", async () => {
    expect((await parse("jwt-svid")).jwtAuthorities.size).toBe(0);
  });

  it.each([
    ["a kid twice", "bundle_key_duplicate", () => [jwt, jwt]],
    ["a private key", "bundle_key_private", () => [{ ...jwt, d: "AAAA" }]],
    ["a key without kid", "bundle_invalid", () => [without("kid", jwt)]],
    ["a point off the curve", "bundle_invalid", () => [{ ...jwt, x: jwt["y"], y: jwt["x"] }]],
    ["501 keys", "bundle_too_large", () => Array.from({ length: 501 }, () => ({ kty: "AKP" }))],
  ] as const)("refuses %s", async (_, code, keys) => {
    await expectCredentialError(() => parse("jwt-svid", ...keys()), code);
  });

  it("refuses what is no JWK Set", async () => {
    const act = () => parseTokenBundle(name, "[]", "wit-svid");
    await expectCredentialError(act, "bundle_invalid");
  });

  it("refuses a name that is no trust domain", async () => {
    const act = () => parseTokenBundle("spiffe://td.example/x", "{}", "wit-svid");
    await expectIdError(act, "trust_domain_invalid");
  });
});
