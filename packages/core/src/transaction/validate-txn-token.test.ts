import {
  createTestClock,
  createTrustDomain,
  createTxnTokenIssuer,
  type JwtChange,
  type JwtMutationName,
  jwtMutations,
  type TxnTokenIssuer,
  tamperJwt,
} from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import {
  expectConfigurationError,
  expectOptionError,
  expectRefusal,
} from "../expect-error.test-support.js";
import { hashText } from "../hash.js";
import type { VerificationCode } from "../refusal-codes.js";
import { now } from "../scene.test-support.js";
import type { KeySetSource } from "./key-set.js";
import type { Transaction } from "./transaction.js";
import { txnTokenOf } from "./txn-token-text.js";
import { type ValidateTxnTokenOptions, validateTxnToken } from "./validate-txn-token.js";

const trustDomain = "td.example";
const clock = createTestClock();
let issuer: TxnTokenIssuer;
let keys: KeySetSource;
let good: string;

beforeAll(async () => {
  issuer = await createTxnTokenIssuer(await createTrustDomain(trustDomain, { clock }));
  keys = await issuer.keys();
  good = await issuer.issue({
    subject: "alice",
    scope: "orders.create orders.read",
    claims: { txn: "txn-1", tctx: { item: { sku: "tea" } }, rctx: { req_ip: "192.0.2.7" } },
  });
});

function validate(
  text: string,
  options: Partial<ValidateTxnTokenOptions> = {},
): Promise<Transaction> {
  return validateTxnToken(text, { trustDomain, keys, clock, ...options });
}

const changed = (change: JwtChange) => tamperJwt(good, { ...change, resignWith: issuer.key.key });
const withClaims = (claims: Readonly<Record<string, unknown>>) => changed({ claims });

describe("validateTxnToken", () => {
  it("accepts a good token, and tells what it says", async () => {
    const transaction = await validate(good);
    expect(transaction).toEqual({
      id: "txn-1",
      subject: "alice",
      scope: ["orders.create", "orders.read"],
      trustDomain,
      requestingWorkload: "spiffe://td.example/gateway",
      transactionContext: { item: { sku: "tea" } },
      requestContext: { req_ip: "192.0.2.7" },
      issuedAt: now,
      expiresAt: now + 300,
      thumbprint: await hashText(good),
    });
    expect(txnTokenOf(transaction)).toBe(good);
    expect(JSON.stringify(transaction)).not.toContain(good.split(".")[2]);
  });

  it("gives out what nobody can change", async () => {
    const { scope, transactionContext, ...transaction } = await validate(good);
    const { item } = transactionContext as { item: object };
    for (const part of [scope, transactionContext, item]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(Object.getPrototypeOf(item)).toBeNull();
    expect(Object.isFrozen(await validate(good))).toBe(true);
    expect(transaction.id).toBe("txn-1");
  });

  it.each<[title: string, text: () => string]>([
    ["without contexts", () => withClaims({ tctx: undefined, rctx: undefined })],
    ["with an iss, which takes no part", () => withClaims({ iss: "https://elsewhere.example" })],
    ["with its one audience in a list", () => withClaims({ aud: [trustDomain] })],
    ["without a kid", () => changed({ header: { kid: undefined } })],
    ["with header parameters that say nothing here", () => changed({ header: { x5t: "AA" } })],
    ["that ends within the skew", () => withClaims({ iat: now - 60, exp: now - 29 })],
    ["that begins within the skew", () => withClaims({ iat: now + 30, nbf: now + 30 })],
    ["of the longest life", () => withClaims({ exp: now + 600 })],
    ["with claims that nobody knows", () => withClaims({ constructor: 1, azd: {} })],
  ])("accepts one %s", async (_, text) => {
    expect(await validate(text())).toMatchObject({ id: "txn-1", subject: "alice" });
  });

  it.each<[code: VerificationCode, title: string, claims: Readonly<Record<string, unknown>>]>([
    ["token_audience_missing", "no aud", { aud: undefined }],
    ["transaction_domain_mismatch", "another aud", { aud: "other.example" }],
    ["transaction_domain_mismatch", "an aud in upper case", { aud: "TD.example" }],
    ["transaction_domain_mismatch", "a second aud", { aud: [trustDomain, "other.example"] }],
    ["transaction_domain_mismatch", "an empty list as aud", { aud: [] }],
    ["transaction_domain_mismatch", "an aud that is no text", { aud: { td: trustDomain } }],
    ["transaction_issued_at_missing", "no iat", { iat: undefined }],
    ["token_expiry_missing", "no exp", { exp: undefined }],
    ["transaction_id_missing", "no txn", { txn: undefined }],
    ["token_subject_missing", "no sub", { sub: undefined }],
    ["transaction_scope_missing", "no scope", { scope: undefined }],
    ["transaction_workload_missing", "no req_wl", { req_wl: undefined }],
    ["token_claim_invalid", "an iat that is a text", { iat: String(now) }],
    ["token_claim_invalid", "an exp that is a text", { exp: String(now + 60) }],
    ["token_claim_invalid", "an nbf that is a text", { nbf: String(now) }],
    ["token_claim_invalid", "a txn that is a number", { txn: 1 }],
    ["token_claim_invalid", "an empty txn", { txn: "" }],
    ["token_claim_invalid", "a sub that is null", { sub: null }],
    ["token_claim_invalid", "an empty sub", { sub: "" }],
    ["token_claim_invalid", "a scope that is a list", { scope: ["orders.create"] }],
    ["token_claim_invalid", "an empty scope", { scope: "" }],
    ["token_claim_invalid", "two spaces in the scope", { scope: "a  b" }],
    ["token_claim_invalid", "a quote in the scope", { scope: 'a"b' }],
    ["token_claim_invalid", "a line end in the scope", { scope: "a\nb" }],
    ["token_claim_invalid", "a req_wl that is an object", { req_wl: {} }],
    ["token_claim_invalid", "a tctx that is a text", { tctx: "{}" }],
    ["token_claim_invalid", "a tctx that is a list", { tctx: [] }],
    ["token_claim_invalid", "an rctx that is null", { rctx: null }],
    ["token_expired", "an exp that is over", { iat: now - 60, exp: now - 30 }],
    ["token_lifetime_exceeded", "a life of more than ten minutes", { exp: now + 601 }],
    ["token_lifetime_exceeded", "an iat long ago", { iat: now - 600, exp: now + 1 }],
    ["token_not_yet_valid", "an iat in the future", { iat: now + 31, exp: now + 60 }],
    ["token_not_yet_valid", "an nbf in the future", { nbf: now + 31 }],
  ])("refuses with %s %s", async (code, _, claims) => {
    await expectRefusal(() => validate(withClaims(claims)), code, "txn-token");
  });

  it.each<[code: VerificationCode, name: JwtMutationName]>([
    ["token_malformed", "segmentMissing"],
    ["token_malformed", "segmentAdded"],
    ["token_encoding_invalid", "headerPadded"],
    ["token_encoding_invalid", "claimsTrailingBits"],
    ["token_json_invalid", "claimsNotJson"],
    ["token_json_invalid", "claimsArray"],
    ["token_member_duplicate", "claimDuplicate"],
    ["token_member_duplicate", "headerMemberDuplicate"],
    ["token_type_invalid", "typMissing"],
    ["token_type_invalid", "typOther"],
    ["token_malformed", "algMissing"],
    ["token_malformed", "algNone"],
    ["token_critical_unsupported", "critUnknown"],
    ["token_header_forbidden", "zip"],
    ["token_key_unknown", "kidOther"],
    ["token_key_unknown", "kidPrototype"],
    ["token_key_missing", "kidNotString"],
    ["token_signature_invalid", "claimsEdited"],
    ["token_signature_invalid", "signatureBitFlipped"],
    ["token_signature_invalid", "signatureInDer"],
    ["token_signature_invalid", "signedByStranger"],
  ])("refuses with %s the mutation %s", async (code, name) => {
    const mutated = jwtMutations[name](good, issuer.key.key);
    await expectRefusal(() => validate(mutated), code, "txn-token");
  });

  it.each(["none", "HS256", "EdDSA"])("refuses the algorithm %s", async (alg) => {
    const act = () => validate(changed({ header: { alg }, algorithm: "ES256" }));
    await expectRefusal(act, "token_algorithm_forbidden", "txn-token");
  });

  it("refuses a token that is too long", async () => {
    await expectRefusal(() => validate("a".repeat(8193)), "token_too_large", "txn-token");
  });

  it("refuses what another kind of authority signed", async () => {
    const domain = await createTrustDomain(trustDomain, { clock });
    const jwt = await domain.issueJwtSvid("/web", { audience: trustDomain });
    await expectRefusal(() => validate(jwt), "token_type_invalid", "txn-token");
    const [key] = domain.authorities.jwt;
    const forged = tamperJwt(good, { resignWith: key?.key ?? expect.fail("no key") });
    await expectRefusal(() => validate(forged), "token_signature_invalid", "txn-token");
  });

  it("refuses all tokens without a key, and without a usable source of keys", async () => {
    const none = { authorities: () => new Map() };
    await expectRefusal(() => validate(good, { keys: none }), "trust_bundle_empty", "txn-token");
    const failure = new Error("closed");
    const failing = {
      authorities: () => {
        throw failure;
      },
    };
    const act = () => validate(good, { keys: failing });
    const error = await expectRefusal(act, "trust_unavailable", "txn-token");
    expect(error.cause).toBe(failure);
  });

  it("goes by the keys of the moment", async () => {
    const service = await createTxnTokenIssuer(await createTrustDomain(trustDomain, { clock }));
    const old = await service.issue({ subject: "alice", scope: "read" });
    await service.rotateKeys();
    expect((await validate(old, { keys: await service.keys() })).subject).toBe("alice");
    service.revokeOldKeys();
    const current = await service.keys();
    await expectRefusal(() => validate(old, { keys: current }), "token_key_unknown");
    const fresh = await service.issue({ subject: "bob", scope: "read" });
    expect((await validate(fresh, { keys: current })).subject).toBe("bob");
  });

  it("knows the time and the longest life by its options", async () => {
    await expectRefusal(
      () => validate(good, { maxLifetimeSeconds: 299 }),
      "token_lifetime_exceeded",
    );
    const late = createTestClock((now + 301) * 1000);
    expect((await validate(good, { clock: late })).id).toBe("txn-1");
    const act = () => validate(good, { clock: late, clockSkewSeconds: 0 });
    await expectRefusal(act, "token_expired");
  });

  it("goes by the clock of the machine without another", async () => {
    const service = await createTxnTokenIssuer(await createTrustDomain(trustDomain));
    const text = await service.issue({ subject: "alice", scope: "read" });
    const options = { trustDomain, keys: await service.keys() };
    expect((await validateTxnToken(text, options)).subject).toBe("alice");
  });

  it.each<[option: string, options: object]>([
    ["trustDomain", { trustDomain: "spiffe://td.example" }],
    ["trustDomain", { trustDomain: 1 }],
    ["keys", { keys: {} }],
    ["maxLifetimeSeconds", { maxLifetimeSeconds: 0 }],
    ["clockSkewSeconds", { clockSkewSeconds: -1 }],
    ["acceptFrom", { acceptFrom: [] }],
    ["audience", { audience: "td.example" }],
  ])("refuses a wrong option %s", async (option, options) => {
    await expectOptionError(() => validate(good, options), option);
  });
});

describe("txnTokenOf", () => {
  it("knows only what was read from a token", async () => {
    const copy = { ...(await validate(good)) };
    await expectConfigurationError(() => txnTokenOf(copy), "transaction_unverified");
  });
});
