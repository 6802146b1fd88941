import { describe, expect, it } from "vitest";
import { refusalCodes } from "./refusal-codes.js";

const codes = Object.entries(refusalCodes);

describe("refusal codes", () => {
  it.each(codes)("%s is in snake case and has a sentence of its own", (code, { message }) => {
    expect(code).toMatch(/^[a-z]+(_[a-z0-9]+)+$/);
    expect(message).toMatch(/^[a-z].*[^.]$/);
    expect(codes.filter(([, rule]) => rule.message === message)).toHaveLength(1);
  });

  it("tells the caller one category for each status, and nothing finer", () => {
    const pairs = new Set(codes.map(([, { status, publicCode }]) => `${status} ${publicCode}`));
    expect([...pairs].sort()).toEqual([
      "400 proof_invalid",
      "400 request_invalid",
      "401 credential_invalid",
      "401 proof_invalid",
      "401 proof_required",
      "401 session_unknown",
      "401 signature_required",
      "403 forbidden",
      "413 content_too_large",
      "431 headers_too_large",
      "501 response_unsigned",
      "503 unavailable",
    ]);
  });

  it.each([
    ["proof_missing", 401],
    ["proof_replayed", 401],
    ["token_expired", 401],
    ["caller_forbidden", 403],
    ["body_too_large", 413],
    ["token_too_large", 431],
    ["target_invalid", 400],
    ["trust_unavailable", 503],
    ["policy_timeout", 503],
    ["replay_guard_full", 503],
  ] as const)("%s is answered with %d", (code, status) => {
    expect(refusalCodes[code].status).toBe(status);
  });
});
