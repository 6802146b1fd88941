import { type TokenKind, VerificationError } from "../errors.js";
import type { VerificationCode } from "../refusal-codes.js";
import type { JsonObject } from "./strict-json.js";

/** Times are epoch seconds; `skewSeconds` is granted in both directions. */
export interface TimeCheck {
  readonly now: number;
  readonly skewSeconds: number;
}

/** A NumericDate (RFC 7519 §2), which may be fractional, or undefined when the claim is absent. */
export function numericDate(
  claims: JsonObject,
  name: string,
  token: TokenKind,
): number | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new VerificationError("token_claim_invalid", { token });
  }
  return value;
}

/** A claim that is a string, or undefined when it is absent. */
export function textClaim(claims: JsonObject, name: string, token: TokenKind): string | undefined {
  const value = claims[name];
  if (value === undefined || typeof value === "string") return value;
  throw new VerificationError("token_claim_invalid", { token });
}

/**
 * The `exp` that a credential has to have.
 *
 * @throws {VerificationError} `token_expiry_missing`, `token_claim_invalid`
 */
export function expiryOf(claims: JsonObject, token: TokenKind): number {
  const expiresAt = numericDate(claims, "exp", token);
  if (expiresAt === undefined) throw new VerificationError("token_expiry_missing", { token });
  return expiresAt;
}

/**
 * Checks `exp` and `nbf` of a credential and returns `exp`. `iat` bounds nothing, but a claim of the
 * wrong type is not taken for an absent one.
 *
 * @throws {VerificationError} `token_expiry_missing`, `token_expired`, `token_not_yet_valid`,
 * `token_lifetime_exceeded`, `token_claim_invalid`
 */
export function checkCredentialTimes(
  claims: JsonObject,
  token: TokenKind,
  check: TimeCheck & { readonly maxLifetimeSeconds: number },
): number {
  const refuse = (code: VerificationCode) => new VerificationError(code, { token });
  const expiresAt = expiryOf(claims, token);
  const notBefore = numericDate(claims, "nbf", token);
  numericDate(claims, "iat", token);
  if (expiresAt + check.skewSeconds <= check.now) throw refuse("token_expired");
  if (expiresAt > check.now + check.maxLifetimeSeconds + check.skewSeconds) {
    throw refuse("token_lifetime_exceeded");
  }
  if (notBefore !== undefined && notBefore > check.now + check.skewSeconds) {
    throw refuse("token_not_yet_valid");
  }
  return expiresAt;
}
