import { describe, expect, it } from "vitest";
import { expectRefusal } from "../expect-error.test-support.js";
import { hashText } from "../hash.js";
import type { JsonObject } from "../jose/strict-json.js";
import { parseStrictJson } from "../jose/strict-json.js";
import type { VerificationCode } from "../refusal-codes.js";
import { readSecurityHeaders } from "./security-headers.js";
import { carriedTokens, checkTokenHashes, hashTokens } from "./token-hashes.js";

const token = "svid-proof";

type Headers = readonly (readonly [string, string])[];

const tokensIn = (headers: Headers, named: readonly string[] = []) =>
  carriedTokens(headers, readSecurityHeaders(headers), named);
const user: Headers = [["X-User-Token", " user\t"]];
const named = ["x-user-token", "x-other-token"];

describe("carriedTokens", () => {
  it.each([
    ["Bearer access", "access"],
    ["bearer   access  ", "access"],
    ["DPoP access", "access"],
    ["Basic access", undefined],
    ["WPT access", undefined],
  ])("finds the access token of %s", (value, expected) => {
    expect(tokensIn([["Authorization", value]]).accessToken).toBe(expected);
  });

  it("finds the transaction token, and nothing", () => {
    expect(tokensIn([["Txn-Token", "t"]]).txnToken).toBe("t");
    expect(tokensIn([])).toEqual({
      accessToken: undefined,
      txnToken: undefined,
      others: new Map(),
    });
  });

  it("finds the headers that it was told, trimmed", () => {
    const { others } = tokensIn(user, named);
    expect([...others]).toEqual([
      ["x-user-token", "user"],
      ["x-other-token", undefined],
    ]);
  });

  it.each<[title: string, headers: Headers, code: VerificationCode]>([
    [
      "a token header twice",
      [
        ["x-user-token", "a"],
        ["X-User-Token", "a"],
      ],
      "proof_token_header_ambiguous",
    ],
    ["a token header that is not ASCII", [["x-user-token", "é"]], "header_invalid"],
  ])("refuses %s", async (_, headers, code) => {
    await expectRefusal(() => tokensIn(headers, named), code);
  });
});

describe("hashTokens", () => {
  it("has a claim for each token that is there", async () => {
    const headers: Headers = [["Authorization", "Bearer a"], ["Txn-Token", "t"], ...user];
    expect(await hashTokens(tokensIn(headers, named))).toEqual({
      ath: await hashText("a"),
      tth: await hashText("t"),
      oth: expect.objectContaining({ "x-user-token": await hashText("user") }),
    });
    expect(await hashTokens(tokensIn([], named))).toEqual({
      ath: undefined,
      tth: undefined,
      oth: undefined,
    });
  });
});

describe("checkTokenHashes", () => {
  const access: Headers = [["Authorization", "Bearer a"]];
  const transaction: Headers = [["Txn-Token", "t"]];
  const hash = hashText;

  it("accepts what is bound both ways", async () => {
    await checkTokenHashes({}, tokensIn([]), token);
    await checkTokenHashes({ oth: {} }, tokensIn([]), token);
    await checkTokenHashes({}, tokensIn([], named), token);
    const claims = {
      ath: await hash("a"),
      tth: await hash("t"),
      oth: { "x-user-token": await hash("user") },
    };
    await checkTokenHashes(claims, tokensIn([...access, ...transaction, ...user], named), token);
  });

  it.each<[title: string, claims: JsonObject, headers: Headers, code: VerificationCode]>([
    ["an access token unbound", {}, access, "proof_access_token_unbound"],
    ["another access token", { ath: "x" }, access, "proof_access_token_mismatch"],
    ["an access token that is gone", { ath: "x" }, [], "proof_access_token_mismatch"],
    ["ath that is no text", { ath: 1 }, access, "token_claim_invalid"],
    ["a transaction token unbound", {}, transaction, "proof_transaction_token_unbound"],
    ["another transaction token", { tth: "x" }, transaction, "proof_transaction_token_mismatch"],
    ["a transaction token that is gone", { tth: "x" }, [], "proof_transaction_token_mismatch"],
    ["tth that is no text", { tth: null }, [], "token_claim_invalid"],
    ["a token header unbound", {}, user, "proof_token_header_unbound"],
    ["a token header unbound in oth", { oth: {} }, user, "proof_token_header_unbound"],
    ["another token header", { oth: { "x-user-token": "x" } }, user, "proof_token_header_mismatch"],
    [
      "a token header that is gone",
      { oth: { "x-user-token": "x" } },
      [],
      "proof_token_header_mismatch",
    ],
    ["a hash that is no text", { oth: { "x-user-token": 1 } }, user, "proof_token_header_mismatch"],
    ["a header that it was not told", { oth: { "x-more": "x" } }, [], "proof_token_header_unknown"],
    [
      "the name in other case",
      { oth: { "X-User-Token": "x" } },
      user,
      "proof_token_header_unknown",
    ],
    ["oth that is a text", { oth: "x" }, [], "token_claim_invalid"],
    ["oth that is a list", { oth: ["x"] }, [], "token_claim_invalid"],
    ["oth that is null", { oth: null }, [], "token_claim_invalid"],
  ])("refuses %s", async (_, claims, headers, code) => {
    const tokens = tokensIn(headers, named);
    await expectRefusal(() => checkTokenHashes(claims, tokens, token), code, token);
  });

  it.each(["__proto__", "constructor", "tostring"])(
    "takes a header named %s like any other",
    async (name) => {
      const tokens = tokensIn([[name, "value"]], [name]);
      await expectRefusal(
        () => checkTokenHashes({}, tokens, token),
        "proof_token_header_unbound",
        token,
      );
      const json = JSON.stringify(await hashTokens(tokens));
      await checkTokenHashes(parseStrictJson(Buffer.from(json)), tokens, token);
      await checkTokenHashes({}, tokensIn([], [name]), token);
    },
  );
});
