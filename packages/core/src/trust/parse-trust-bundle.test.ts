import {
  createTestClock,
  createTrustDomain,
  issueCertificate,
  type TestTrustDomain,
} from "@firsthand/testing";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { utf8 } from "../encoding.js";
import { CredentialError } from "../errors.js";
import {
  expectCredentialError,
  expectIdError,
  expectRefusal,
} from "../expect-error.test-support.js";
import { newKeyPair } from "../key-pair.test-support.js";
import { allowTrustDomain } from "../policy/allow.js";
import { concat } from "../runtime/concat.js";
import { createScene, prove, verifierOf, verify } from "../scene.test-support.js";
import { validateJwtSvid } from "../svid/jwt-svid.js";
import { parseTrustBundle, parseX509Bundle } from "./parse-trust-bundle.js";
import { staticSource } from "./static-source.js";

type Jwk = Readonly<Record<string, unknown>>;

const clock = createTestClock();
const name = "td.example";
const mebibyte = 1024 * 1024;
let domain: TestTrustDomain;
let weak: TestTrustDomain;
let good: { readonly keys: readonly Jwk[] } & Jwk;
let x509: Jwk;
let jwt: Jwk;
let wit: Jwk;

beforeAll(async () => {
  [domain, weak] = await Promise.all([
    createTrustDomain(name, { clock }),
    createTrustDomain(name, { clock, keyType: "RSA-1024" }),
  ]);
  good = JSON.parse(domain.bundleDocument());
  [x509, jwt, wit] = good.keys as [Jwk, Jwk, Jwk];
});

const parse = (document: unknown) => parseTrustBundle(name, JSON.stringify(document));
const withKeys = (...keys: readonly unknown[]) => parse({ ...good, keys });
const rootOf = ({ authorities }: TestTrustDomain) => authorities.x509.root.certificate;
const base64 = (der: Uint8Array) => Buffer.from(der).toString("base64");

describe("parseTrustBundle", () => {
  it("reads a document, as text or as bytes", async () => {
    for (const document of [domain.bundleDocument(), utf8(domain.bundleDocument())]) {
      const bundle = await parseTrustBundle(name, document);
      expect(bundle).toMatchObject({ trustDomain: name, sequence: 1, refreshHintSeconds: 300 });
      expect(bundle.x509Authorities).toHaveLength(1);
      expect([...bundle.jwtAuthorities.keys()]).toEqual([jwt["kid"]]);
      expect([...bundle.witAuthorities.keys()]).toEqual([wit["kid"]]);
      expect(bundle.jwtAuthorities.get(String(jwt["kid"]))).toMatchObject({
        keyId: jwt["kid"],
        algorithm: undefined,
        key: { shape: { kind: "ec", curve: "P-256" } },
      });
      expect(Object.isFrozen(bundle)).toBe(true);
    }
  });

  it("needs neither sequence nor hint", async () => {
    const bundle = await parse({ keys: [] });
    expect(bundle).toMatchObject({ sequence: undefined, refreshHintSeconds: undefined });
  });

  it("keeps the algorithm that a key is pinned to", async () => {
    const bundle = await withKeys({ ...jwt, alg: "ES256" });
    expect(bundle.jwtAuthorities.get(String(jwt["kid"]))?.algorithm).toBe("ES256");
  });

  it("ignores unknown members", async () => {
    await expect(parse({ ...good, trust_domain: 7 })).resolves.toBeDefined();
    await expect(withKeys({ ...jwt, x: jwt["x"], note: {} })).resolves.toBeDefined();
  });

  it.each<[title: string, key: () => Jwk]>([
    ["TB-002 ignores an unknown use", () => ({ kty: "EC", use: "sig" })],
    ["TB-002 ignores no use", () => ({ kty: "EC" })],
    ["TB-002 ignores an unknown kty", () => ({ ...jwt, kty: "AKP", kid: "a" })],
    ["ignores an unknown curve", () => ({ ...jwt, crv: "secp256k1", kid: "a" })],
    [
      "ignores an RSA key too short",
      () => ({ kty: "RSA", use: "jwt-svid", kid: "a", n: "gQ", e: "AQAB" }),
    ],
    ["ignores a key for encryption", () => ({ ...jwt, alg: "ECDH-ES", kid: "a" })],
    ["ignores an X.509 entry without certificate", () => ({ kty: "EC", use: "x509-svid" })],
    ["ignores an X.509 entry with an empty list", () => ({ kty: "EC", use: "x509-svid", x5c: [] })],
    ["ignores a certificate with a weak key", () => ({ ...x509, x5c: [base64(rootOf(weak))] })],
    [
      "ignores a certificate on an unknown curve",
      () => ({ ...x509, x5c: [base64(secp256k1Root())] }),
    ],
  ])("%s, and keeps the rest", async (_, key) => {
    const bundle = await withKeys(key(), ...good.keys);
    expect(bundle.x509Authorities).toHaveLength(1);
    expect(bundle.jwtAuthorities.size).toBe(1);
    expect(bundle.witAuthorities.size).toBe(1);
  });

  it("takes the same kid twice where it cannot use one of them", async () => {
    const bundle = await withKeys(jwt, { ...jwt, kty: "AKP" });
    expect(bundle.jwtAuthorities.size).toBe(1);
  });

  it.each<[title: string, key: () => unknown]>([
    [
      "TB-010 refuses two certificates in one entry",
      () => ({ ...x509, x5c: [rootText(), rootText()] }),
    ],
    ["refuses a certificate that is no list", () => ({ ...x509, x5c: rootText() })],
    ["refuses a certificate that is a number", () => ({ ...x509, x5c: [1] })],
    ["refuses a certificate that is null", () => ({ ...x509, x5c: null })],
    [
      "refuses a certificate in base64url",
      () => ({ ...x509, x5c: [rootText().replaceAll("+", "-").replace(/=*$/, "-")] }),
    ],
    [
      "refuses a certificate that is cut short",
      () => ({ ...x509, x5c: [rootText().slice(0, 40)] }),
    ],
    ["refuses a leaf for an authority", () => ({ ...x509, x5c: [base64(leaf())] })],
    ["TB-012 refuses a JWT authority without kid", () => ({ ...jwt, kid: undefined })],
    ["refuses a WIT authority without kid", () => ({ ...wit, kid: undefined })],
    ["refuses an empty kid", () => ({ ...jwt, kid: "" })],
    ["refuses a kid that is a number", () => ({ ...jwt, kid: 1 })],
    ["refuses a point that is not on the curve", () => ({ ...jwt, y: jwt["x"] })],
    ["refuses a coordinate that is too short", () => ({ ...jwt, x: "AA" })],
    ["refuses a key that is a text", () => "key"],
    ["refuses a key that is null", () => null],
    ["refuses a key that is a list", () => [jwt]],
  ])("%s", async (_, key) => {
    await expectCredentialError(() => withKeys(...good.keys.slice(1), key()), "bundle_invalid");
  });

  it.each<[title: string, keys: () => unknown[]]>([
    ["TB-013 refuses a kid for JWT and WIT", () => [jwt, { ...wit, kid: jwt["kid"] }]],
    ["TB-013 refuses a kid for two JWT authorities", () => [jwt, { ...wit, ...jwt }]],
  ])("%s", async (_, keys) => {
    await expectCredentialError(() => withKeys(...keys()), "bundle_key_duplicate");
  });

  it.each<[title: string, key: () => unknown]>([
    ["TB-014 refuses a private key", () => ({ ...jwt, d: "AA" })],
    ["TB-014 refuses a symmetric key", () => ({ kty: "oct", k: "AA", use: "jwt-svid", kid: "a" })],
    ["TB-014 refuses a private key of unknown use", () => ({ kty: "RSA", dp: "AA" })],
  ])("%s", async (_, key) => {
    await expectCredentialError(() => withKeys(...good.keys, key()), "bundle_key_private");
  });

  it.each<[title: string, document: unknown]>([
    ["TB-016 refuses a fractional sequence", { keys: [], spiffe_sequence: 1.5 }],
    ["TB-016 refuses a sequence that is a text", { keys: [], spiffe_sequence: "7" }],
    ["TB-016 refuses a sequence of 2^80", { keys: [], spiffe_sequence: 2 ** 80 }],
    ["refuses a negative sequence", { keys: [], spiffe_sequence: -1 }],
    ["refuses a hint that is a text", { keys: [], spiffe_refresh_hint: "5m" }],
    ["refuses a negative hint", { keys: [], spiffe_refresh_hint: -1 }],
    ["refuses no keys", { spiffe_sequence: 1 }],
    ["refuses keys that are no list", { keys: {} }],
    ["refuses a list", []],
    ["refuses null", null],
  ])("%s", async (_, document) => {
    await expectCredentialError(() => parse(document), "bundle_invalid");
  });

  it.each<[title: string, document: string | Uint8Array]>([
    ["TB-019 refuses keys twice", '{"keys":[],"keys":[]}'],
    ["refuses a member of a key twice", '{"keys":[{"kty":"EC","kty":"EC"}]}'],
    ["refuses a byte order mark", '\ufeff{"keys":[]}'],
    ["refuses bytes that are not UTF-8", Uint8Array.of(0x7b, 0xff)],
    ["refuses half a document", '{"keys":['],
    ["refuses nothing", ""],
  ])("%s", async (_, document) => {
    const error = await expectCredentialError(
      () => parseTrustBundle(name, document),
      "bundle_invalid",
    );
    expect(error.cause).toBeDefined();
  });

  it("has limits of 1 MiB and 500 keys", async () => {
    const text = (length: number) => '{"keys":[]}'.padEnd(length);
    await expect(parseTrustBundle(name, text(mebibyte))).resolves.toBeDefined();
    await expectCredentialError(
      () => parseTrustBundle(name, text(mebibyte + 1)),
      "bundle_too_large",
    );
    const keys = (count: number) => Array.from({ length: count }, () => ({ kty: "x" }));
    await expect(withKeys(...keys(500))).resolves.toBeDefined();
    await expectCredentialError(() => withKeys(...keys(501)), "bundle_too_large");
  });

  it("refuses a trust domain that is none", async () => {
    const act = () => parseTrustBundle("spiffe://td.example", "{}");
    await expectIdError(act, "trust_domain_invalid");
  });

  it("answers any document with a bundle or its own error", async () => {
    const value = fc.oneof(
      fc.constantFrom("EC", "RSA", "OKP", "P-256", "Ed25519", "AA", "AQAB", [], ["AAAA"], null),
      fc.anything(),
    );
    const key = fc.record(
      Object.fromEntries(
        ["kty", "crv", "x", "y", "n", "e", "kid", "alg", "x5c"].map((member) => [member, value]),
      ),
      { requiredKeys: [] },
    );
    const used = fc
      .tuple(key, fc.constantFrom("x509-svid", "jwt-svid", "wit-svid"))
      .map(([members, use]) => ({ ...members, use }));
    const document = fc
      .record({ keys: fc.array(fc.oneof(used, value)) })
      .map((members) => utf8(jsonOf(members)));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array(), document), async (bytes) => {
        const bundle = await parseTrustBundle(name, bytes).catch((error) => {
          expect(error).toBeInstanceOf(CredentialError);
        });
        if (bundle !== undefined) expect(bundle.trustDomain).toBe(name);
      }),
      { numRuns: 300 },
    );
  });
});

describe("parseX509Bundle", () => {
  it("reads concatenated certificates", async () => {
    const other = await createTrustDomain(name, { clock });
    const bundle = await parseX509Bundle(name, concat(rootOf(domain), rootOf(other)));
    expect(bundle).toMatchObject({ trustDomain: name, sequence: undefined });
    expect(bundle.x509Authorities).toHaveLength(2);
    expect(bundle.jwtAuthorities.size + bundle.witAuthorities.size).toBe(0);
    expect(Object.isFrozen(bundle)).toBe(true);
  });

  it("trusts nothing when there is nothing", async () => {
    expect((await parseX509Bundle(name, new Uint8Array())).x509Authorities).toEqual([]);
  });

  it("ignores a certificate with a weak key", async () => {
    const bundle = await parseX509Bundle(name, concat(rootOf(weak), rootOf(domain)));
    expect(bundle.x509Authorities).toHaveLength(1);
  });

  it.each<[title: string, der: () => Uint8Array]>([
    ["TB-032 refuses garbage at the end", () => concat(rootOf(domain), Uint8Array.of(0xde, 0xad))],
    ["refuses a certificate that is cut short", () => rootOf(domain).subarray(0, -1)],
    ["refuses a leaf", () => leaf()],
    ["refuses DER that is no certificate", () => Uint8Array.of(0x30, 0x00)],
  ])("%s", async (_, der) => {
    const error = await expectCredentialError(() => parseX509Bundle(name, der()), "bundle_invalid");
    expect(error.cause).toBeDefined();
  });

  it("has limits of 1 MiB and 500 certificates", async () => {
    await expectCredentialError(
      () => parseX509Bundle(name, new Uint8Array(mebibyte + 1)),
      "bundle_too_large",
    );
    await expectCredentialError(
      () => parseX509Bundle(name, new Uint8Array(mebibyte)),
      "bundle_invalid",
    );
    const many = (length: number) => concat(...Array.from({ length }, () => rootOf(domain)));
    await expectCredentialError(() => parseX509Bundle(name, many(501)), "bundle_too_large");
    expect((await parseX509Bundle(name, many(500))).x509Authorities).toHaveLength(500);
  });

  it("refuses a trust domain that is none", async () => {
    await expectIdError(() => parseX509Bundle("", rootOf(domain)), "trust_domain_missing");
  });
});

describe("bundles of several trust domains", () => {
  it("TB-004 let callers of a federated one in", async () => {
    const scene = await createScene();
    const partner = await createTrustDomain("partner.example", { clock: scene.clock });
    scene.domain.federate(partner);
    await scene.ledger.renew();
    const request = await prove({ clock: scene.clock, web: await partner.identity("/web") });
    const verifier = verifierOf(scene, { policy: allowTrustDomain("partner.example") });
    expect((await verify(verifier, request)).id.toString()).toBe("spiffe://partner.example/web");
  });

  it("TB-006 are not pooled: an authority of one does not speak for the other", async () => {
    const scene = await createScene();
    const partner = await createTrustDomain("partner.example", { clock: scene.clock });
    scene.domain.federate(partner);
    await scene.ledger.renew();
    const web = await partner.identity("spiffe://td.example/ns/pay/sa/web", {
      credentials: ["x509-svid"],
    });
    const request = await prove({ clock: scene.clock, web });
    await expectRefusal(() => verify(verifierOf(scene), request), "certificate_untrusted");
  });

  it("TB-020 are named by configuration, whatever a document says of itself", async () => {
    const claiming = JSON.stringify({ ...good, trust_domain: name, id: `spiffe://${name}` });
    const bundle = await parseTrustBundle("partner.example", claiming);
    expect(bundle.trustDomain).toBe("partner.example");
    const token = await domain.issueJwtSvid("/web", { audience: "a" });
    const identity = staticSource({ bundles: [bundle] });
    await expectRefusal(
      () => validateJwtSvid(token, { identity, audience: "a", clock }),
      "trust_domain_unknown",
    );
  });

  it.each([
    ["TB-007 without keys", () => []],
    [
      "TB-008 without a usable key",
      () => good.keys.map((key) => ({ ...key, kty: "AKP", x5c: [] })),
    ],
  ])("%s trust nothing", async (_, keys) => {
    const scene = await createScene({ credentials: ["wit-svid", "x509-svid"] });
    const identity = staticSource({ bundles: [await withKeys(...keys())] });
    const token = await domain.issueJwtSvid("/web", { audience: "a" });
    await expectRefusal(
      () => validateJwtSvid(token, { identity, audience: "a", clock }),
      "trust_bundle_empty",
    );
    const verifier = verifierOf(scene, { identity });
    for (const headers of [[], [["Authorization", "Bearer x"]]] as const) {
      const request = await prove(scene, { method: "GET", target: "/", headers });
      await expectRefusal(() => verify(verifier, request), "trust_bundle_empty");
    }
  });
});

function rootText(): string {
  return base64(rootOf(domain));
}

function leaf(): Uint8Array {
  const { subject } = domain.authorities.x509.root;
  const { privateKey } = newKeyPair("ec", { namedCurve: "P-256" });
  return issueCertificate(
    { ...template(subject), basicConstraints: { ca: false }, keyUsage: ["digitalSignature"] },
    privateKey,
  ).certificate;
}

function secp256k1Root(): Uint8Array {
  const { privateKey } = newKeyPair("ec", { namedCurve: "secp256k1" });
  return issueCertificate(template("root"), privateKey).certificate;
}

function template(subject: string) {
  return {
    subject,
    notBefore: domain.now(),
    notAfter: domain.now() + 3600,
    names: { uris: [`spiffe://${name}`] },
    basicConstraints: { ca: true },
    keyUsage: ["keyCertSign"] as const,
  };
}

/** JSON of anything; what JSON does not know is left out. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value, (_, member) =>
      typeof member === "bigint" ? member.toString() : member,
    );
  } catch {
    return "{}";
  }
}
