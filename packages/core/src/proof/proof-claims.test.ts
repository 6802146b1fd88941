import { describe, expect, it } from "vitest";
import { expectRefusal } from "../expect-error.test-support.js";
import { emptyHash, hashText } from "../hash.js";
import type { JsonObject } from "../jose/strict-json.js";
import type { VerificationCode } from "../refusal-codes.js";
import { bindingNames } from "./binding-names.js";
import {
  checkAudience,
  checkContent,
  checkMethodAndQuery,
  checkProofTimes,
  type ProofExpectation,
  proofIdOf,
} from "./proof-claims.js";
import { parseTarget } from "./target.js";

const token = "wpt";
const now = 1_800_000_000;
const times = { now, skewSeconds: 30, maxLifetimeSeconds: 120 };
const names = bindingNames.wpt;

const expected = (changes: Partial<ProofExpectation> = {}): ProofExpectation => ({
  token,
  names,
  origins: ["https://a.example", "https://b.example:8443"],
  method: "POST",
  target: parseTarget("/v1/transfers"),
  binding: "full",
  ...changes,
});

describe("checkProofTimes", () => {
  it.each<[title: string, claims: { exp: number; iat?: number }]>([
    ["was issued now", { iat: now, exp: now + 60 }],
    ["lives as long as it may", { iat: now, exp: now + 120 }],
    ["was issued as late as the skew allows", { iat: now + 30, exp: now + 90 }],
    ["expired less than the skew ago", { iat: now - 60, exp: now - 29 }],
    ["does not live at all", { iat: now, exp: now }],
    ["does not say when it was issued", { exp: now + 150 }],
    ["has fractions", { iat: now - 0.5, exp: now + 59.5 }],
  ])("accepts what %s", (_, claims) => {
    expect(checkProofTimes(claims, token, times)).toEqual({
      issuedAt: claims.iat,
      expiresAt: claims.exp,
    });
  });

  it.each<[title: string, claims: JsonObject, code: VerificationCode]>([
    ["never expires", { iat: now }, "proof_expiry_missing"],
    ["expired as long ago as the skew", { iat: now - 90, exp: now - 30 }, "proof_expired"],
    ["lives a second too long", { iat: now, exp: now + 121 }, "proof_lifetime_exceeded"],
    ["is old and lives long", { iat: now - 600, exp: now + 60 }, "proof_lifetime_exceeded"],
    ["expires before it was issued", { iat: now + 2, exp: now + 1 }, "proof_lifetime_exceeded"],
    ["does not say when, and expires too late", { exp: now + 151 }, "proof_lifetime_exceeded"],
    ["was issued a second too late", { iat: now + 31, exp: now + 60 }, "proof_not_yet_valid"],
    ["expires at a text", { iat: now, exp: `${now + 60}` }, "token_claim_invalid"],
    ["was issued at a text", { iat: `${now}`, exp: now + 60 }, "token_claim_invalid"],
    ["expires at null", { iat: now, exp: null }, "token_claim_invalid"],
  ])("refuses what %s", async (_, claims, code) => {
    await expectRefusal(() => checkProofTimes(claims, token, times), code, token);
  });
});

describe("checkAudience", () => {
  it.each([
    ["https://a.example/v1/transfers"],
    ["HTTPS://A.EXAMPLE:443/v1/transfers"],
    ["https://b.example:8443/v1/transfers"],
    ["https://a.example/v1/transfers?x#y"],
    [["https://a.example/v1/transfers"]],
  ])("accepts %j", (aud) => {
    expect(() => checkAudience({ aud }, expected())).not.toThrow();
  });

  it.each<[aud: unknown, code: VerificationCode]>([
    [undefined, "proof_audience_missing"],
    [["https://a.example/v1/transfers", "https://c.example/"], "proof_audience_multiple"],
    [["https://a.example/v1/transfers", null], "proof_audience_multiple"],
    [[], "token_claim_invalid"],
    [null, "token_claim_invalid"],
    [7, "token_claim_invalid"],
    [[7], "token_claim_invalid"],
    [[["https://a.example/v1/transfers"]], "token_claim_invalid"],
    ["", "proof_audience_mismatch"],
    ["https://evil.example/v1/transfers", "proof_audience_mismatch"],
    ["http://a.example/v1/transfers", "proof_audience_mismatch"],
    ["https://a.example:8443/v1/transfers", "proof_audience_mismatch"],
    ["https://b.example/v1/transfers", "proof_audience_mismatch"],
    ["https://a.example.evil.example/v1/transfers", "proof_audience_mismatch"],
    ["https://a.example@evil.example/v1/transfers", "proof_audience_mismatch"],
    ["//a.example/v1/transfers", "proof_audience_mismatch"],
    ["spiffe://td.example/ledger", "proof_audience_mismatch"],
    ["https://a.example", "proof_target_mismatch"],
    ["https://a.example/v1/transfers/", "proof_target_mismatch"],
    ["https://a.example//v1/transfers", "proof_target_mismatch"],
    ["https://a.example/v1/Transfers", "proof_target_mismatch"],
    ["https://a.example/v1/%74ransfers", "proof_target_mismatch"],
    ["https://a.example/v1/x/../transfers", "proof_target_mismatch"],
  ])("refuses %j: %s", async (aud, code) => {
    await expectRefusal(() => checkAudience({ aud }, expected()), code, token);
  });
});

describe("checkMethodAndQuery", () => {
  const query = expected({ target: parseTarget("/a?b=c") });
  const emptyQuery = expected({ target: parseTarget("/a?") });
  const loose = (changes: Partial<ProofExpectation> = {}) =>
    expected({ binding: "target", ...changes });
  const bound = async (text: string) => ({ [names.htq]: await hashText(text) });

  it("accepts what is bound, and nothing where there is no query", async () => {
    await checkMethodAndQuery({ htm: "POST" }, expected());
    await checkMethodAndQuery({ htm: "POST", ...(await bound("b=c")) }, query);
    await checkMethodAndQuery({ htm: "POST", ...(await bound("")) }, emptyQuery);
  });

  it("accepts what is unbound where the target is enough", async () => {
    await checkMethodAndQuery({}, loose());
    await checkMethodAndQuery({}, loose({ target: parseTarget("/a?b=c") }));
  });

  it.each<
    [title: string, claims: () => Promise<JsonObject>, on: ProofExpectation, code: VerificationCode]
  >([
    ["an unbound method", async () => ({}), expected(), "proof_method_unbound"],
    ["another method", async () => ({ htm: "GET" }), expected(), "proof_method_mismatch"],
    [
      "the method in lower case",
      async () => ({ htm: "post" }),
      expected(),
      "proof_method_mismatch",
    ],
    [
      "another method in a loose proof",
      async () => ({ htm: "GET" }),
      loose(),
      "proof_method_mismatch",
    ],
    [
      "a method that is no text",
      async () => ({ htm: ["POST"] }),
      expected(),
      "token_claim_invalid",
    ],
    ["an unbound query", async () => ({ htm: "POST" }), query, "proof_query_unbound"],
    ["an unbound empty query", async () => ({ htm: "POST" }), emptyQuery, "proof_query_unbound"],
    [
      "another query",
      async () => ({ htm: "POST", ...(await bound("c=b")) }),
      query,
      "proof_query_mismatch",
    ],
    [
      "a query that is gone",
      async () => ({ htm: "POST", ...(await bound("b=c")) }),
      expected(),
      "proof_query_mismatch",
    ],
    [
      "an empty query that is gone",
      async () => ({ htm: "POST", ...(await bound("")) }),
      expected(),
      "proof_query_mismatch",
    ],
    [
      "another query in a loose proof",
      async () => bound("c=b"),
      loose({ target: parseTarget("/a?b=c") }),
      "proof_query_mismatch",
    ],
    [
      "a query that is no text",
      async () => ({ htm: "POST", [names.htq]: 1 }),
      query,
      "token_claim_invalid",
    ],
    [
      "the query under the name of another profile",
      async () => ({ htm: "POST", htq: await hashText("b=c") }),
      query,
      "proof_query_unbound",
    ],
  ])("refuses %s", async (_, claims, on, code) => {
    const given = await claims();
    await expectRefusal(() => checkMethodAndQuery(given, on), code, token);
  });
});

describe("checkContent", () => {
  it("accepts what was bound, and nothing for nothing", () => {
    expect(() => checkContent("digest", "digest", token)).not.toThrow();
    expect(() => checkContent(emptyHash, emptyHash, token)).not.toThrow();
    expect(() => checkContent(undefined, emptyHash, token)).not.toThrow();
  });

  it.each<[bound: string | undefined, digest: string, code: VerificationCode]>([
    ["digest", "other", "proof_body_mismatch"],
    ["digest", emptyHash, "proof_body_mismatch"],
    [emptyHash, "digest", "proof_body_mismatch"],
    ["", "digest", "proof_body_mismatch"],
    [undefined, "digest", "proof_body_unbound"],
  ])("refuses %s for %s: %s", async (bound, digest, code) => {
    await expectRefusal(() => checkContent(bound, digest, token), code, token);
  });
});

describe("proofIdOf", () => {
  it.each(["a", "~!", "x".repeat(256), "__proto__"])("accepts %s", (jti) => {
    expect(proofIdOf({ jti }, token)).toBe(jti);
  });

  it.each([
    [undefined],
    [""],
    ["x".repeat(257)],
    ["a b"],
    ["a\n"],
    ["é"],
    ["\u0000"],
    ["\u007f"],
    [7],
    [null],
    [["a"]],
    [{}],
  ])("refuses %j", async (jti) => {
    await expectRefusal(() => proofIdOf({ jti }, token), "proof_id_invalid", token);
  });
});
