import { describe, expect, it } from "vitest";
import { VerificationError } from "./errors.js";
import { FramelessError } from "./frameless-error.js";

describe("a frameless error", () => {
  it("has no frames, and leaves those of other errors alone", () => {
    const limit = Error.stackTraceLimit;
    const cause = new Error("cause");
    const error = new FramelessError("message", { cause });
    expect(error.stack).not.toContain("    at ");
    expect(error).toMatchObject({ message: "message", cause });
    expect(Error.stackTraceLimit).toBe(limit);
    expect(new Error("other").stack).toContain("    at ");
    expect((error.cause as Error).stack).toContain("    at ");
  });

  it("is what a refused proof ends in", () => {
    const error = new VerificationError("proof_missing");
    expect(error).toBeInstanceOf(Error);
    expect(error.stack).toContain(error.message);
    expect(error.stack).not.toContain("    at ");
  });
});
