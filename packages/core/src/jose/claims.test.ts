import { describe, expect, it } from "vitest";
import { expectRefusal } from "../expect-error.test-support.js";
import type { VerificationCode } from "../refusal-codes.js";
import { checkCredentialTimes, expiryOf, numericDate, textClaim } from "./claims.js";

const token = "wit-svid";
const now = 1_800_000_000;
const check = { now, skewSeconds: 30, maxLifetimeSeconds: 3600 };

describe("numericDate", () => {
  it.each([0, -1, 1.5, now])("reads %d", (value) => {
    expect(numericDate({ exp: value }, "exp", token)).toBe(value);
  });

  it("is undefined when the claim is absent", () => {
    expect(numericDate({}, "exp", token)).toBeUndefined();
  });

  it.each([
    ["1800000000"],
    [null],
    [true],
    [[now]],
    [{}],
    [Number.POSITIVE_INFINITY],
    [Number.NaN],
  ])("refuses %j", async (value) => {
    await expectRefusal(
      () => numericDate({ exp: value }, "exp", token),
      "token_claim_invalid",
      token,
    );
  });
});

describe("textClaim", () => {
  it("reads a text", () => {
    expect(textClaim({ iss: "a" }, "iss", token)).toBe("a");
    expect(textClaim({ iss: "" }, "iss", token)).toBe("");
    expect(textClaim({}, "iss", token)).toBeUndefined();
  });

  it.each([[1], [null], [["a"]], [{}]])("refuses %j", async (value) => {
    await expectRefusal(
      () => textClaim({ iss: value }, "iss", token),
      "token_claim_invalid",
      token,
    );
  });
});

describe("expiryOf", () => {
  it("demands exp", async () => {
    expect(expiryOf({ exp: now }, token)).toBe(now);
    await expectRefusal(() => expiryOf({}, token), "token_expiry_missing", token);
  });
});

describe("checkCredentialTimes", () => {
  it.each([
    ["expires in an hour", { exp: now + 3600 }],
    ["expires in an hour and the skew", { exp: now + 3630 }],
    ["expired less than the skew ago", { exp: now - 29.5 }],
    ["begins as late as the skew allows", { exp: now + 60, nbf: now + 30 }],
    ["began long ago", { exp: now + 60, nbf: 0 }],
    ["was issued in the future", { exp: now + 60, iat: now + 9999 }],
  ])("accepts what %s", (_, claims) => {
    expect(checkCredentialTimes(claims, token, check)).toBe(claims.exp);
  });

  it.each<[title: string, claims: Record<string, unknown>, code: VerificationCode]>([
    ["never expires", {}, "token_expiry_missing"],
    ["expired as long ago as the skew", { exp: now - 30 }, "token_expired"],
    ["expired before the epoch", { exp: -1 }, "token_expired"],
    ["lives a second too long", { exp: now + 3631 }, "token_lifetime_exceeded"],
    ["begins a second too late", { exp: now + 60, nbf: now + 31 }, "token_not_yet_valid"],
    ["begins at a text", { exp: now + 60, nbf: `${now}` }, "token_claim_invalid"],
    ["expires at a text", { exp: `${now + 60}` }, "token_claim_invalid"],
    ["was issued at a text", { exp: now + 60, iat: `${now}` }, "token_claim_invalid"],
  ])("refuses what %s", async (_, claims, code) => {
    await expectRefusal(() => checkCredentialTimes(claims, token, check), code, token);
  });
});
