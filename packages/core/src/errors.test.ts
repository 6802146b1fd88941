import { describe, expect, it } from "vitest";
import { ConfigurationError, CredentialError, ProofError, VerificationError } from "./errors.js";
import { refusalCodes, type VerificationCode } from "./refusal-codes.js";

const cause = new Error("cause");

describe("VerificationError", () => {
  it.each(Object.keys(refusalCodes) as VerificationCode[])("%s has its message", (code) => {
    const error = new VerificationError(code);
    expect(error).toMatchObject({ name: "VerificationError", code, token: undefined });
    expect(error.message).toBe(refusalCodes[code].message);
  });

  it("tells which token it is about, and keeps the cause", () => {
    const error = new VerificationError("token_expired", { token: "wit-svid", cause });
    expect(error.message).toBe("a token has expired (wit-svid)");
    expect(error.token).toBe("wit-svid");
    expect(error.cause).toBe(cause);
  });
});

describe("CredentialError", () => {
  it("has the message of its code, and keeps the cause", () => {
    const error = new CredentialError("credential_expired", { cause });
    expect(error).toMatchObject({ name: "CredentialError", code: "credential_expired" });
    expect(error.message).toBe("the credential has expired");
    expect(error.cause).toBe(cause);
  });

  it("adds a detail", () => {
    const { message } = new CredentialError("credential_missing", { detail: "accepted: wpt-02" });
    expect(message).toBe(
      "the identity source holds no credential that fits the request: accepted: wpt-02",
    );
  });
});

describe("ProofError", () => {
  it("has the message of its code, and keeps the cause", () => {
    const error = new ProofError("header_conflict", { cause });
    expect(error).toMatchObject({ name: "ProofError", code: "header_conflict" });
    expect(error.message).toBe("the request already has a header that the proof needs");
    expect(error.cause).toBe(cause);
  });

  it("adds a detail", () => {
    const { message } = new ProofError("url_invalid", { detail: "it has user information" });
    expect(message).toBe("the URL cannot be proved: it has user information");
  });
});

describe("ConfigurationError", () => {
  it("names the option, and keeps the cause", () => {
    const error = new ConfigurationError("option_invalid", "wrong", { option: "origin", cause });
    expect(error).toMatchObject({
      name: "ConfigurationError",
      code: "option_invalid",
      message: "wrong",
      option: "origin",
      cause,
    });
  });

  it("may be about no option", () => {
    expect(new ConfigurationError("body_consumed", "consumed").option).toBeUndefined();
  });
});
