import { createHmac, createPublicKey } from "node:crypto";
import {
  createTestClock,
  createTrustDomain,
  type JwtChange,
  type JwtMutationName,
  jwtMutations,
  type TestIdentity,
  type TestTrustDomain,
  tamperJwt,
} from "@firsthand/testing";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { base64url, utf8 } from "../encoding.js";
import { expectOptionError, expectRefusal } from "../expect-error.test-support.js";
import { spiffeAlgorithms } from "../jose/algorithms.js";
import { outcomesWith } from "../jose/jws-outcomes.test-support.js";
import { newKeyPair } from "../key-pair.test-support.js";
import type { VerificationCode } from "../refusal-codes.js";
import { now, webId } from "../scene.test-support.js";
import { parseTrustBundle } from "../trust/parse-trust-bundle.js";
import { staticSource } from "../trust/static-source.js";
import type { TrustSource } from "../trust/trust-source.js";
import { validateJwtSvid } from "./jwt-svid.js";

const token = "jwt-svid";
const clock = createTestClock();
let domain: TestTrustDomain;
let partner: TestTrustDomain;
let identity: TestIdentity;
let good: string;

beforeAll(async () => {
  const tokenAlgorithms = spiffeAlgorithms as Exclude<
    (typeof spiffeAlgorithms)[number],
    "EdDSA" | "Ed25519"
  >[];
  [domain, partner] = await Promise.all([
    createTrustDomain("td.example", { clock, tokenAlgorithms }),
    createTrustDomain("partner.example", { clock }),
  ]);
  domain.federate(partner);
  identity = await domain.identity("/ns/pay/sa/ledger");
  good = await domain.issueJwtSvid(webId, { audience: ["ledger"] });
});

const issuerKey = () => domain.authorities.jwt[0]?.key ?? expect.fail("no key");
const validate = (text: string, source: TrustSource = identity) =>
  validateJwtSvid(text, { identity: source, audience: "ledger", clock });
/** The good token with a change, signed again by its issuer. */
const changed = (change: JwtChange) => tamperJwt(good, { ...change, resignWith: issuerKey() });
const withHeader = (header: Readonly<Record<string, unknown>>) => changed({ header });
const withClaims = (claims: Readonly<Record<string, unknown>>) => changed({ claims });

/** The domain's bundle document, changed. */
async function sourceWith(change: (keys: Record<string, unknown>[]) => Record<string, unknown>[]) {
  const document = JSON.parse(domain.bundleDocument());
  const text = JSON.stringify({ ...document, keys: change(document.keys) });
  return staticSource({ bundles: [await parseTrustBundle("td.example", text)] });
}

describe("validateJwtSvid", () => {
  it("accepts a good token, and tells what it says", async () => {
    const svid = await validate(good);
    expect(svid).toMatchObject({ audience: ["ledger"], expiresAt: now + 300 });
    expect(svid.id.toString()).toBe(webId);
    expect(svid.claims).toMatchObject({ sub: webId, iat: now });
    expect(Object.getPrototypeOf(svid.claims)).toBeNull();
    expect(Object.isFrozen(svid)).toBe(true);
  });

  it.each([
    ["JV-003", "RS384"],
    ["JV-004", "RS512"],
    ["JV-006", "PS384"],
    ["JV-007", "PS512"],
    ["JV-008", "ES384"],
  ] as const)("%s accepts %s", async (_, algorithm) => {
    const text = await domain.issueJwtSvid(webId, { audience: "ledger", algorithm });
    expect((await validate(text)).id.toString()).toBe(webId);
  });

  it.each(["ES512", "RS256", "PS256"] as const)("accepts %s", async (algorithm) => {
    const text = await domain.issueJwtSvid(webId, { audience: "ledger", algorithm });
    expect((await validate(text)).id.toString()).toBe(webId);
  });

  it.each<[title: string, text: () => string]>([
    ["JV-011 accepts typ JOSE", () => withHeader({ typ: "JOSE" })],
    ["accepts no typ", () => withHeader({ typ: undefined })],
    ["JV-014 accepts one audience among others", () => withClaims({ aud: ["other", "ledger"] })],
    ["accepts one audience as a text", () => withClaims({ aud: "ledger" })],
    ["JV-015 accepts a token without kid", () => withHeader({ kid: undefined })],
    ["JV-016 accepts what expired within the skew", () => withClaims({ exp: now - 10 })],
    ["JV-017 accepts a fractional exp", () => withClaims({ exp: now + 300.5 })],
    ["JV-018 ignores unknown claims", () => withClaims({ "example.org/x": {} })],
    ["accepts nbf within the skew", () => withClaims({ nbf: now + 30 })],
    ["accepts a life of a day, and the skew", () => withClaims({ exp: now + 86_430 })],
  ])("%s", async (_, text) => {
    expect((await validate(text())).id.toString()).toBe(webId);
  });

  it("JV-020 ignores keys of other kinds in the bundle", async () => {
    const okp = newKeyPair("ed25519").publicKey.export({ format: "jwk" });
    const source = await sourceWith((keys) => [
      { ...okp, use: "jwt-svid", kid: "ed" },
      { kty: "AKP", use: "jwt-svid", kid: "pq", pub: "AA" },
      { kty: "EC", crv: "secp256k1", use: "jwt-svid", kid: "k1", x: "AA", y: "AA" },
      ...keys,
    ]);
    expect((await validate(good, source)).id.toString()).toBe(webId);
  });

  it("JV-094 validates in this process: it asks for one bundle, and nobody else", async () => {
    const fetched = vi.spyOn(globalThis, "fetch");
    const trustBundle = vi.fn(identity.trustBundle);
    await validate(good, { trustBundle });
    expect(trustBundle.mock.calls).toEqual([["td.example"]]);
    expect(fetched).not.toHaveBeenCalled();
  });

  it("grants the skew and the lifetime that it is told", async () => {
    const options = { identity, audience: "ledger", clock };
    const late = withClaims({ exp: now - 10 });
    await expectRefusal(
      () => validateJwtSvid(late, { ...options, clockSkewSeconds: 10 }),
      "token_expired",
      token,
    );
    await expectRefusal(
      () => validateJwtSvid(good, { ...options, maxLifetimeSeconds: 60 }),
      "token_lifetime_exceeded",
      token,
    );
  });

  it("follows the clock of the machine by default", async () => {
    vi.useFakeTimers({ now: (now + 331) * 1000, toFake: ["Date"] });
    try {
      const act = () => validateJwtSvid(good, { identity, audience: "ledger" });
      await expectRefusal(act, "token_expired", token);
    } finally {
      vi.useRealTimers();
    }
  });
});

type Row = readonly [title: string, text: () => string, code: VerificationCode];

describe("the options of validateJwtSvid", () => {
  it.each<[option: string, value: unknown]>([
    ["identity", {}],
    ["audience", undefined],
    ["audience", ""],
    ["clockSkewSeconds", "30"],
    ["clockSkewSeconds", Number.NaN],
    ["maxLifetimeSeconds", Number.POSITIVE_INFINITY],
    ["clock", {}],
    ["audiance", "ledger"],
  ])("are refused when %s is %j", async (option, value) => {
    const options = { identity, audience: "ledger", clock, [option]: value };
    await expectOptionError(() => validateJwtSvid(good, options), option);
  });
});

describe("validateJwtSvid refuses", () => {
  it.each<Row>([
    ["JV-022 alg None", () => withHeader({ alg: "None" }), "token_algorithm_forbidden"],
    ["JV-022 alg nOnE", () => withHeader({ alg: "nOnE" }), "token_algorithm_forbidden"],
    ["JV-024 an HMAC under the text of the public key", hmacOfPem, "token_algorithm_forbidden"],
    ["JV-027 no alg", () => withHeader({ alg: undefined }), "token_malformed"],
    ["JV-027 alg in a list", () => withHeader({ alg: ["ES256"] }), "token_malformed"],
    ["JV-027 alg null", () => withHeader({ alg: null }), "token_malformed"],
    [
      "JV-029 ES384 with a P-256 key",
      () => changed({ header: { alg: "ES384" }, algorithm: "ES384" }),
      "token_algorithm_mismatch",
    ],
    ["JV-033 the typ of a WIT-SVID", () => withHeader({ typ: "wit+jwt" }), "token_type_invalid"],
    ["JV-036 an empty crit", () => withHeader({ crit: [] }), "token_critical_unsupported"],
    [
      "JV-037 b64 with crit",
      () => withHeader({ crit: ["b64"], b64: false }),
      "token_critical_unsupported",
    ],
    ["JV-038 b64 without crit", () => withHeader({ b64: false }), "token_header_forbidden"],
    ["JV-042 compression", () => withHeader({ zip: "DEF" }), "token_header_forbidden"],
    ["a key in the header", () => withHeader({ jwk: {} }), "token_header_forbidden"],
    ["JV-043 a JWE around an unsigned token", jweAroundNone, "token_serialization"],
    [
      "JV-044 a kid that is a path",
      () => withHeader({ kid: "../../dev/null" }),
      "token_key_unknown",
    ],
    ...["__proto__", "constructor", "toString"].map<Row>((kid) => [
      `JV-045 the kid ${kid}`,
      () => changed({ headerText: (json) => json.replace(/"kid":"[^"]*"/, `"kid":"${kid}"`) }),
      "token_key_unknown",
    ]),
    [
      "JV-047 a kid of 10,000 characters",
      () => withHeader({ kid: "k".repeat(10_000) }),
      "token_too_large",
    ],
    [
      "JV-048 a kid that is not in the bundle",
      () => withHeader({ kid: "k2" }),
      "token_key_unknown",
    ],
    ["a kid that is a number", () => withHeader({ kid: 1 }), "token_key_missing"],
    ["JV-053 no aud", () => withClaims({ aud: undefined }), "token_audience_missing"],
    ["another aud", () => withClaims({ aud: ["other"] }), "token_audience_mismatch"],
    ["aud that only begins alike", () => withClaims({ aud: "ledger2" }), "token_audience_mismatch"],
    ["an empty aud", () => withClaims({ aud: [] }), "token_audience_mismatch"],
    ["aud null", () => withClaims({ aud: null }), "token_claim_invalid"],
    ["a number in aud", () => withClaims({ aud: ["ledger", 1] }), "token_claim_invalid"],
    ["no exp", () => withClaims({ exp: undefined }), "token_expiry_missing"],
    ["JV-059 exp five minutes ago", () => withClaims({ exp: now - 300 }), "token_expired"],
    ["JV-063 a negative exp", () => withClaims({ exp: -1 }), "token_expired"],
    ["JV-064 exp in the far future", () => withClaims({ exp: 9e15 }), "token_lifetime_exceeded"],
    ["exp a second too late", () => withClaims({ exp: now + 86_431 }), "token_lifetime_exceeded"],
    ["8193 bytes", () => "x".repeat(8193), "token_too_large"],
    ["8192 bytes for another reason", () => "x".repeat(8192), "token_malformed"],
    [
      "exp beyond all numbers",
      () => changed({ claimsText: (json) => json.replace(/"exp":\d+/, '"exp":1e400') }),
      "token_claim_invalid",
    ],
    ["JV-066 nbf as a text", () => withClaims({ nbf: "9999999999" }), "token_claim_invalid"],
    ["nbf beyond the skew", () => withClaims({ nbf: now + 31 }), "token_not_yet_valid"],
    ["JV-067 no sub", () => withClaims({ sub: undefined }), "token_subject_missing"],
    ["sub that is no SPIFFE ID", () => withClaims({ sub: "web" }), "token_subject_invalid"],
    [
      "sub that names a trust domain",
      () => withClaims({ sub: "spiffe://td.example" }),
      "token_subject_invalid",
    ],
    [
      "a WIMSE identifier",
      () => withClaims({ sub: "wimse://td.example/a" }),
      "token_subject_invalid",
    ],
    ["sub null", () => withClaims({ sub: null }), "token_subject_invalid"],
    [
      "JV-071 a trust domain without a bundle",
      () => withClaims({ sub: "spiffe://unknown.example/x" }),
      "trust_domain_unknown",
    ],
    [
      "JV-072 claims that were edited",
      () => tamperJwt(good, { claims: { sub: `${webId}2` } }),
      "token_signature_invalid",
    ],
    [
      "JV-074 a signature of zeros",
      () => tamperJwt(good, { signature: () => new Uint8Array(64) }),
      "token_signature_invalid",
    ],
    ["JV-076 a signature in DER", () => mutate("signatureInDer"), "token_signature_invalid"],
    ["JV-079 two parts", () => good.split(".").slice(0, 2).join("."), "token_malformed"],
    ["JV-079 four parts", () => `${good}.AA`, "token_malformed"],
    ["JV-079 an empty part", () => good.replace(/\..*\./, ".."), "token_malformed"],
    ["JV-082 a padded signature", () => `${good}=`, "token_encoding_invalid"],
    [
      "JV-086 the alphabet of base64",
      () => mutate("claimsStandardAlphabet"),
      "token_encoding_invalid",
    ],
    ["JV-087 claims that are not UTF-8", () => mutate("claimsInvalidUtf8"), "token_utf8_invalid"],
    ["JV-088 claims with a byte order mark", () => mutate("claimsWithBom"), "token_json_invalid"],
    ...["[]", '"sub"', "1"].map<Row>((json) => [
      `JV-089 claims that are ${json}`,
      () => changed({ claimsText: () => json }),
      "token_json_invalid",
    ]),
    [
      "JV-091 sub twice after unescaping",
      () => changed({ claimsText: (json) => json.replace("{", '{"\\u0073ub":"x",') }),
      "token_member_duplicate",
    ],
    [
      "JV-092 alg twice in the header",
      () => changed({ headerText: (json) => json.replace("{", '{"alg":"none",') }),
      "token_member_duplicate",
    ],
  ])("%s", async (_, text, code) => {
    await expectRefusal(() => validate(text()), code, token);
  });

  it("JV-033 a WIT-SVID in place of a JWT-SVID", async () => {
    const { token: wit } = await domain.issueWitSvid(webId);
    await expectRefusal(() => validate(wit), "token_type_invalid", token);
  });

  it("JV-070 a subject of another trust domain than the signer's", async () => {
    const claims = { sub: "spiffe://partner.example/x" };
    const withoutKid = changed({ claims, header: { kid: undefined } });
    await expectRefusal(() => validate(withoutKid), "token_untrusted", token);
    await expectRefusal(() => validate(withClaims(claims)), "token_key_unknown", token);
  });

  it("a bundle without JWT authorities", async () => {
    const source = await sourceWith((keys) => keys.filter(({ use }) => use !== "jwt-svid"));
    await expectRefusal(() => validate(good, source), "trust_bundle_empty", token);
  });

  it("to go on without a state of trust", async () => {
    const failure = new Error("not ready");
    const source: TrustSource = {
      trustBundle() {
        throw failure;
      },
    };
    const error = await expectRefusal(() => validate(good, source), "trust_unavailable", token);
    expect(error.cause).toBe(failure);
  });
});

describe("a JWT-SVID under each mutation", () => {
  const outcomes = outcomesWith({
    typMissing: "accepted",
    headerEdited: "token_header_forbidden",
    jwkOfStranger: "token_header_forbidden",
  });
  it.each(outcomes)("%s: %s", async (name, outcome) => {
    if (outcome === "accepted") await validate(mutate(name));
    else await expectRefusal(() => validate(mutate(name)), outcome, token);
  });
});

function mutate(name: JwtMutationName): string {
  return jwtMutations[name](good, issuerKey());
}

function hmacOfPem(): string {
  const pem = createPublicKey(issuerKey()).export({ format: "pem", type: "spki" });
  const [header, claims] = withHeader({ alg: "HS256" }).split(".");
  const mac = createHmac("sha256", `\n${pem}`).update(`${header}.${claims}`);
  return `${header}.${claims}.${mac.digest("base64url")}`;
}

function jweAroundNone(): string {
  const inner = `${base64url(utf8('{"alg":"none"}'))}.${good.split(".")[1]}.`;
  const header = base64url(utf8('{"alg":"RSA-OAEP-256","enc":"A128GCM","cty":"JWT"}'));
  return `${header}.AAAA.AAAA.${base64url(utf8(inner))}.AAAA`;
}
