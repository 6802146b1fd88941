import { createPublicKey, type generateKeyPairSync, verify } from "node:crypto";
import { ConfigurationError } from "@firsthand/core";
import { beforeAll, describe, expect, it } from "vitest";
import { createTestClock } from "../clock.js";
import { generateKey } from "../keys.js";
import { createTrustDomain, type TestTrustDomain } from "../trust-domain.js";
import { claimsOf, headerOf, splitJwt, tamperJwt } from "./tamper-jwt.js";

let domain: TestTrustDomain;
let good: string;

beforeAll(async () => {
  domain = await createTrustDomain("shop.example", { clock: createTestClock() });
  good = await domain.issueJwtSvid("/checkout", { audience: "orders" });
});

function isSigned(token: string, key = domain.authorities.jwt[0]?.key): boolean {
  const { header, claims, signature } = splitJwt(token);
  if (key === undefined) throw new Error("the domain has no JWT authority");
  return verify(
    "sha256",
    Buffer.from(`${header}.${claims}`),
    { key: createPublicKey(key), dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
}

describe("tamperJwt", () => {
  it("changes claims and keeps header and signature to the letter", () => {
    const bad = tamperJwt(good, { claims: { aud: "stock", iat: undefined, extra: 1 } });
    const { aud, iat: _, ...rest } = claimsOf(good);
    expect(aud).toBe("orders");
    expect(claimsOf(bad)).toEqual({ ...rest, aud: "stock", extra: 1 });
    expect(splitJwt(bad)).toMatchObject({
      header: splitJwt(good).header,
      signature: splitJwt(good).signature,
    });
    expect(isSigned(bad)).toBe(false);
  });

  it("changes the header and signs again", () => {
    const bad = tamperJwt(good, {
      header: { kid: "other", typ: undefined },
      resignWith: domain.authorities.jwt[0]?.key,
    });
    expect(headerOf(bad)).toEqual({ alg: "ES256", kid: "other" });
    expect(splitJwt(bad).claims).toBe(splitJwt(good).claims);
    expect(isSigned(bad)).toBe(true);
  });

  it("changes the text of the JSON", () => {
    const bad = tamperJwt(good, {
      headerText: (json) => json.replace("{", "{ "),
      claimsText: (json) => json.replace("{", '{"sub":"a",'),
    });
    expect(Buffer.from(splitJwt(bad).header, "base64url").toString()).toMatch(/^\{ "alg"/);
    expect(Buffer.from(splitJwt(bad).claims, "base64url").toString()).toMatch(/^\{"sub":"a","sub"/);
  });

  it("changes encoded segments and signs what is then sent", () => {
    const bad = tamperJwt(good, {
      segments: (header, claims) => [`${header}=`, claims],
      resignWith: domain.authorities.jwt[0]?.key,
    });
    expect(splitJwt(bad).header).toBe(`${splitJwt(good).header}=`);
    expect(isSigned(bad)).toBe(true);
  });

  it.each([
    [
      "PKCS#8",
      (key: ReturnType<typeof generateKeyPairSync>["privateKey"]) =>
        new Uint8Array(key.export({ format: "der", type: "pkcs8" })),
    ],
    [
      "JWK",
      (key: ReturnType<typeof generateKeyPairSync>["privateKey"]) => key.export({ format: "jwk" }),
    ],
  ])("signs with another key as %s", async (_, form) => {
    const key = await generateKey("P-256");
    const bad = tamperJwt(good, { resignWith: form(key) });
    expect(isSigned(bad, key)).toBe(true);
    expect(isSigned(bad)).toBe(false);
  });

  it("signs with another algorithm than the header says", async () => {
    const key = await generateKey("RSA-2048");
    const bad = tamperJwt(good, { resignWith: key, algorithm: "PS256" });
    expect(headerOf(bad)["alg"]).toBe("ES256");
    expect(Buffer.from(splitJwt(bad).signature, "base64url")).toHaveLength(256);
  });

  it.each([
    ["nothing changes", () => good, {}],
    ["the token is none", () => "a.b", { claims: { a: 1 } }],
    ["the token has four segments", () => `${good}.a`, { claims: { a: 1 } }],
  ])("refuses when %s", (_, token, change) => {
    expect(() => tamperJwt(token(), change)).toThrow(ConfigurationError);
  });
});
