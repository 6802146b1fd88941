import { describe, expect, it } from "vitest";
import { VerificationError } from "./errors.js";
import { Refusal, toRefusal } from "./refusal.js";
import { refusalCodes, type VerificationCode } from "./refusal-codes.js";

const challenge = "SVID-Proof, WPT";
const codes = Object.keys(refusalCodes) as VerificationCode[];

describe("Refusal", () => {
  it.each(codes)("of %s says what the table says, and no more", (code) => {
    const cause = new VerificationError(code, { token: "wpt", cause: new Error("secret") });
    const refusal = new Refusal(cause, challenge);
    const { status, publicCode } = refusalCodes[code];
    expect(refusal).toMatchObject({
      name: "Refusal",
      status,
      statusCode: status,
      code: publicCode,
      expose: true,
      cause,
    });
    expect(refusal.problem).toEqual({
      type: `urn:firsthand:problem:${publicCode}`,
      title: refusal.message,
      status,
      code: publicCode,
    });
    expect(refusal.stack).toBe(`Refusal: ${refusal.message}`);
    expect(JSON.stringify(refusal)).not.toContain(refusalCodes[code].message);
    expect(JSON.stringify(refusal)).not.toContain("secret");
  });

  it("challenges with 401", () => {
    const { headers } = new Refusal(new VerificationError("proof_missing"), challenge);
    expect(headers).toEqual({ "www-authenticate": challenge });
  });

  it("challenges with nothing where no header could help", () => {
    const { headers } = new Refusal(new VerificationError("proof_missing"), "");
    expect(headers).toEqual({});
  });

  it("asks to come again with 503", () => {
    const { headers } = new Refusal(new VerificationError("trust_unavailable"), challenge);
    expect(headers).toEqual({ "retry-after": "1" });
  });

  it.each(["caller_forbidden", "body_too_large", "target_invalid", "token_too_large"] as const)(
    "of %s adds no header",
    (code) => {
      expect(new Refusal(new VerificationError(code), challenge).headers).toEqual({});
    },
  );

  it("cannot be changed on the way", () => {
    const { headers, problem } = new Refusal(new VerificationError("proof_missing"), challenge);
    expect(Object.isFrozen(headers)).toBe(true);
    expect(Object.isFrozen(problem)).toBe(true);
  });
});

describe("toRefusal", () => {
  it("makes an answer of a refusal", () => {
    const cause = new VerificationError("proof_missing");
    const refusal = toRefusal(cause, challenge);
    expect(refusal).toBeInstanceOf(Refusal);
    expect((refusal as Refusal).cause).toBe(cause);
  });

  it.each([[new TypeError("bug")], ["text"], [undefined], [null]])(
    "leaves %s as it is",
    (error) => {
      expect(toRefusal(error, challenge)).toBe(error);
    },
  );
});
