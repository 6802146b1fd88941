import {
  createTestClock,
  createTrustDomain,
  generateKey,
  type IssuedWitSvid,
  type JwtChange,
  jwtMutations,
  type SpiffeAlgorithm,
  type TestIdentity,
  type TestTrustDomain,
  tamperJwt,
} from "@firsthand/testing";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { base64url } from "../encoding.js";
import { expectCredentialError, expectRefusal } from "../expect-error.test-support.js";
import { outcomesWith } from "../jose/jws-outcomes.test-support.js";
import { newKeyPair } from "../key-pair.test-support.js";
import type { VerificationCode } from "../refusal-codes.js";
import { now, verifierOf, verify, webId } from "../scene.test-support.js";
import { parseTrustBundle } from "../trust/parse-trust-bundle.js";
import { staticSource } from "../trust/static-source.js";
import type { TrustSource } from "../trust/trust-source.js";
import { readWitSvid, validateWitSvid, type WitProfile } from "./wit-svid.js";

const token = "wit-svid";
const clock = createTestClock();
let domain: TestTrustDomain;
let identity: TestIdentity;
let issued: IssuedWitSvid;
let good: string;
let publicJwk: Readonly<Record<string, unknown>>;

beforeAll(async () => {
  domain = await createTrustDomain("td.example", { clock });
  identity = await domain.identity("/ns/pay/sa/ledger");
  issued = await domain.issueWitSvid(webId);
  good = issued.token;
  const { d: _, ...jwk } = issued.privateKey;
  publicJwk = { ...jwk, alg: "ES256" };
});

const issuerKey = () => domain.authorities.wit[0]?.key ?? expect.fail("no key");
const check = { now, skewSeconds: 30, maxLifetimeSeconds: 86_400 };
const validate = (text: string, profile: WitProfile = "spiffe", source: TrustSource = identity) =>
  validateWitSvid(text, source, { ...check, profile });
const changed = (change: JwtChange) => tamperJwt(good, { ...change, resignWith: issuerKey() });
const withHeader = (header: Readonly<Record<string, unknown>>) => changed({ header });
const withClaims = (claims: Readonly<Record<string, unknown>>) => changed({ claims });
const withKey = (jwk: Readonly<Record<string, unknown>>) =>
  withClaims({ cnf: { jwk: { ...publicJwk, ...jwk } } });
const bytes = (length: number) => base64url(new Uint8Array(length).fill(0xff));

async function sourceWith(change: (keys: Record<string, unknown>[]) => Record<string, unknown>[]) {
  const document = JSON.parse(domain.bundleDocument());
  const text = JSON.stringify({ ...document, keys: change(document.keys) });
  return staticSource({ bundles: [await parseTrustBundle("td.example", text)] });
}

describe("validateWitSvid", () => {
  it("accepts a good token, and tells what it says", async () => {
    const svid = await validate(good);
    expect(svid).toMatchObject({
      algorithm: "ES256",
      notBefore: now,
      expiresAt: now + 3600,
      issuer: undefined,
    });
    expect(svid.id.toString()).toBe(webId);
    expect(svid.key.shape).toEqual({ kind: "ec", curve: "P-256" });
    expect(svid.bundle).toBe(identity.trustBundle(domain.name));
    expect(Object.isFrozen(svid)).toBe(true);
  });

  it("WV-002 takes nbf before iat for the beginning", async () => {
    const text = withClaims({ nbf: now - 60, iat: now - 70, jti: "id" });
    expect(await validate(text)).toMatchObject({ notBefore: now - 60 });
  });

  it("does not know the beginning without nbf and iat", async () => {
    expect((await validate(withClaims({ iat: undefined }))).notBefore).toBeUndefined();
  });

  it("WV-003 takes iat for no limit", async () => {
    expect(await validate(withClaims({ iat: now + 600 }))).toMatchObject({ notBefore: now + 600 });
  });

  it("WV-004 ignores unknown header parameters", async () => {
    expect((await validate(withHeader({ x: 1 }))).id.toString()).toBe(webId);
  });

  it("WV-006 takes iss for the record, or none", async () => {
    const text = withClaims({ iss: "spiffe://td.example" });
    expect((await validate(text)).issuer).toBe("spiffe://td.example");
    expect((await validate(good)).issuer).toBeUndefined();
  });

  it("WV-008 accepts an RSA key that proves with PS256", async () => {
    const { token: text } = await domain.issueWitSvid(webId, { algorithm: "PS256" });
    expect(await validate(text)).toMatchObject({
      algorithm: "PS256",
      key: { shape: { kind: "rsa", bits: 2048 } },
    });
  });

  it.each<SpiffeAlgorithm>(["ES384", "ES512", "PS384", "PS512", "RS256", "RS384", "RS512"])(
    "accepts a key that proves with %s",
    async (algorithm) => {
      const { token: text } = await domain.issueWitSvid(webId, { algorithm });
      expect((await validate(text)).algorithm).toBe(algorithm);
    },
  );

  it("accepts 8192 bytes", async () => {
    expect((await validate(ofLength(8192))).id.toString()).toBe(webId);
  });
});

const ed25519 = newKeyPair("ed25519").publicKey.export({ format: "jwk" });

describe("the wimse profile", () => {
  it.each<[title: string, text: () => string]>([
    ["a token without kid", () => withHeader({ kid: undefined })],
    ["a wimse: identifier", () => withClaims({ sub: "wimse://td.example/web" })],
    ["a spiffe: identifier", () => good],
    ["an aud", () => withClaims({ aud: ["ledger"] })],
    ["an Ed25519 key as EdDSA", () => withClaims({ cnf: { jwk: { ...ed25519, alg: "EdDSA" } } })],
    [
      "an Ed25519 key as Ed25519",
      () => withClaims({ cnf: { jwk: { ...ed25519, alg: "Ed25519" } } }),
    ],
  ])("accepts %s", async (_, text) => {
    await expect(validate(text(), "wimse")).resolves.toBeDefined();
  });

  it("still wants the rest", async () => {
    await expectRefusal(() => validate(withHeader({ typ: "JWT" }), "wimse"), "token_type_invalid");
    await expectRefusal(() => validate(withHeader({ kid: 1 }), "wimse"), "token_key_missing");
    await expectRefusal(
      () => validate(withClaims({ sub: "https://td.example/web" }), "wimse"),
      "token_subject_invalid",
    );
  });
});

type Row = readonly [title: string, text: () => string, code: VerificationCode];

describe("validateWitSvid refuses", () => {
  it.each<Row>([
    ["WV-010 no typ", () => withHeader({ typ: undefined }), "token_type_invalid"],
    [
      "WV-012 typ as media type",
      () => withHeader({ typ: "application/wit+jwt" }),
      "token_type_invalid",
    ],
    ["WV-012 typ in capitals", () => withHeader({ typ: "WIT+JWT" }), "token_type_invalid"],
    ["a JWT-SVID's typ", () => withHeader({ typ: "JWT" }), "token_type_invalid"],
    ["WV-013 no kid", () => withHeader({ kid: undefined }), "token_key_missing"],
    [
      "a signature algorithm of WIMSE",
      () => withHeader({ alg: "EdDSA" }),
      "token_algorithm_forbidden",
    ],
    ["WV-017 an aud", () => withClaims({ aud: ["ledger"] }), "token_audience_forbidden"],
    ["no sub", () => withClaims({ sub: undefined }), "token_subject_missing"],
    [
      "a wimse: identifier",
      () => withClaims({ sub: "wimse://td.example/a" }),
      "token_subject_invalid",
    ],
    [
      "a foreign subject",
      () => withClaims({ sub: "spiffe://other.example/a" }),
      "trust_domain_unknown",
    ],
    ["no exp", () => withClaims({ exp: undefined }), "token_expiry_missing"],
    ["exp beyond the skew", () => withClaims({ exp: now - 30 }), "token_expired"],
    [
      "a life of more than a day",
      () => withClaims({ exp: now + 86_431 }),
      "token_lifetime_exceeded",
    ],
    ["WV-035 nbf in the future", () => withClaims({ nbf: now + 120 }), "token_not_yet_valid"],
    ["iat that is no number", () => withClaims({ iat: "now" }), "token_claim_invalid"],
    ["iss that is no text", () => withClaims({ iss: 1 }), "token_claim_invalid"],

    ["no cnf", () => withClaims({ cnf: undefined }), "confirmation_missing"],
    ["WV-019 a cnf that is a text", () => withClaims({ cnf: "x" }), "confirmation_invalid"],
    ["WV-019 a cnf that is a list", () => withClaims({ cnf: [] }), "confirmation_invalid"],
    ["a cnf that is null", () => withClaims({ cnf: null }), "confirmation_invalid"],
    ["WV-020 a cnf with kid only", () => withClaims({ cnf: { kid: "x" } }), "confirmation_invalid"],
    ["WV-020 a cnf with jkt only", () => withClaims({ cnf: { jkt: "x" } }), "confirmation_invalid"],
    ["a jwk that is a text", () => withClaims({ cnf: { jwk: "x" } }), "confirmation_invalid"],
    ["a key of unknown kind", () => withKey({ kty: "AKP" }), "confirmation_invalid"],
    [
      "a point that is not on the curve",
      () => withKey({ y: publicJwk["x"] }),
      "confirmation_invalid",
    ],
    ["a coordinate too short", () => withKey({ x: bytes(31) }), "confirmation_invalid"],
    ["a private key", () => withKey({ d: bytes(32) }), "confirmation_private"],
    [
      "a symmetric key",
      () => withClaims({ cnf: { jwk: { kty: "oct", k: "AA", alg: "HS256" } } }),
      "confirmation_private",
    ],
    ["WV-023 no alg", () => withKey({ alg: undefined }), "confirmation_algorithm_invalid"],
    ["WV-024 a symmetric alg", () => withKey({ alg: "HS256" }), "confirmation_algorithm_invalid"],
    [
      "an alg of WIMSE",
      () => withClaims({ cnf: { jwk: { ...ed25519, alg: "EdDSA" } } }),
      "confirmation_algorithm_invalid",
    ],
    [
      "WV-025 ES256 with a key on P-384",
      () => withKey({ crv: "P-384", x: bytes(48), y: bytes(48) }),
      "confirmation_algorithm_invalid",
    ],
    [
      "PS256 with a key on P-256",
      () => withKey({ alg: "PS256" }),
      "confirmation_algorithm_invalid",
    ],
    [
      "WV-030 an RSA exponent of 2048 bits",
      () => withRsa(256, bytes(256)),
      "confirmation_key_weak",
    ],
    ["WV-031 RSA of 16384 bits", () => withRsa(2048, "AQAB"), "confirmation_key_weak"],
    ["WV-045 8193 bytes", () => ofLength(8193), "token_too_large"],
  ])("%s", async (_, text, code) => {
    await expectRefusal(() => validate(text()), code, token);
  });

  it("WV-028 an RSA key of 1024 bits", async () => {
    const key = await generateKey("RSA-1024");
    const { n, e } = key.export({ format: "jwk" });
    const text = withClaims({ cnf: { jwk: { kty: "RSA", n, e, alg: "PS256" } } });
    await expectRefusal(() => validate(text), "confirmation_key_weak", token);
  });

  it("WV-039 a token that a JWT authority signed, though the kid is right", async () => {
    const source = await sourceWith(([x509, jwt, wit]) => [
      { ...x509 },
      { ...jwt, kid: "w1" },
      { ...wit },
    ]);
    const key = domain.authorities.jwt[0]?.key;
    const text = tamperJwt(good, { header: { kid: "w1" }, resignWith: key });
    await expectRefusal(() => validate(text, "spiffe", source), "token_key_unknown", token);
  });

  it("WV-040 to start with a bundle that has one kid for two uses", async () => {
    await expectCredentialError(
      () => sourceWith((keys) => keys.map((key) => ({ ...key, kid: "w1" }))),
      "bundle_key_duplicate",
    );
  });

  it("WV-041 a key that only the issuer in the token vouches for, and asks nobody", async () => {
    const fetched = vi.spyOn(globalThis, "fetch");
    const stranger = await generateKey("P-256");
    const claims = { iss: "https://evil.example" };
    const signedBy = (header: Readonly<Record<string, unknown>>) =>
      tamperJwt(good, { claims, header, resignWith: stranger });
    await expectRefusal(() => validate(signedBy({ kid: "evil" })), "token_key_unknown", token);
    await expectRefusal(() => validate(signedBy({})), "token_signature_invalid", token);
    const withoutKid = signedBy({ kid: undefined });
    await expectRefusal(() => validate(withoutKid, "wimse"), "token_untrusted", token);
    expect(fetched).not.toHaveBeenCalled();
  });

  it("a bundle without WIT authorities", async () => {
    const source = await sourceWith((keys) => keys.filter(({ use }) => use !== "wit-svid"));
    await expectRefusal(() => validate(good, "spiffe", source), "trust_bundle_empty", token);
  });
});

describe("a WIT-SVID under each mutation", () => {
  it.each(outcomesWith({}))("%s: %s", async (name, outcome) => {
    const text = jwtMutations[name](good, issuerKey());
    await expectRefusal(() => validate(text), outcome as VerificationCode, token);
  });
});

describe("a WIT-SVID in a request", () => {
  const request = (headers: readonly (readonly [string, string])[]) => ({
    method: "GET",
    target: "/",
    headers,
  });
  const verifier = () => verifierOf({ clock, ledger: identity });

  it("WV-042 is nothing without a proof", async () => {
    const headers = [["Workload-Identity-Token", good]] as const;
    await expectRefusal(() => verify(verifier(), request(headers)), "wit_without_proof");
  });

  it("WV-043 is not taken as a bearer token", async () => {
    const headers = [["Authorization", `Bearer ${good}`]] as const;
    await expectRefusal(() => verify(verifier(), request(headers)), "wit_as_bearer");
  });

  it("WV-044 comes once", async () => {
    const { token: second } = await domain.issueWitSvid("/attacker");
    const headers = [
      ["Workload-Identity-Token", good],
      ["workload-identity-token", second],
    ] as const;
    await expectRefusal(() => verify(verifier(), request(headers)), "header_duplicate");
  });
});

describe("readWitSvid", () => {
  it("reads a token whatever its signature and times", async () => {
    const text = tamperJwt(good, { claims: { exp: 0 } });
    const svid = await readWitSvid(text, "spiffe");
    expect(svid).toMatchObject({ algorithm: "ES256", expiresAt: 0 });
    expect(svid.id.toString()).toBe(webId);
  });

  it.each<Row>([
    ["another typ", () => withHeader({ typ: "JWT" }), "token_type_invalid"],
    ["no cnf", () => withClaims({ cnf: undefined }), "confirmation_missing"],
    ["no sub", () => withClaims({ sub: undefined }), "token_subject_missing"],
    ["no exp", () => withClaims({ exp: undefined }), "token_expiry_missing"],
  ])("refuses %s", async (_, text, code) => {
    await expectRefusal(() => readWitSvid(text(), "wimse"), code, token);
  });
});

function withRsa(modulusBytes: number, e: string): string {
  return withClaims({ cnf: { jwk: { kty: "RSA", n: bytes(modulusBytes), e, alg: "PS256" } } });
}

/** A good token that is padded, in a claim and in the header, to this many characters. */
function ofLength(length: number): string {
  const base = good.length;
  for (let inHeader = 0; inHeader < 4; inHeader++) {
    for (let at = Math.floor(((length - base) * 3) / 4) - 40; at < length; at++) {
      const header = { x: "x".repeat(inHeader) };
      const text = changed({ header, claims: { x: "x".repeat(at) } });
      if (text.length === length) return text;
      if (text.length > length) break;
    }
  }
  return expect.fail(`no token of ${length} characters`);
}
