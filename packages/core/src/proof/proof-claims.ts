import { type Awaitable, andThen } from "../awaitable.js";
import { type TokenKind, VerificationError } from "../errors.js";
import { emptyHash, hashText } from "../hash.js";
import { numericDate, type TimeCheck, textClaim } from "../jose/claims.js";
import type { JsonObject } from "../jose/strict-json.js";
import type { VerificationCode } from "../refusal-codes.js";
import type { BindingNames } from "./binding-names.js";
import { parseAudience, type Target } from "./target.js";

/** What a proof has to be about. */
export interface ProofExpectation {
  readonly token: TokenKind;
  readonly names: BindingNames;
  readonly origins: readonly string[];
  readonly method: string;
  readonly target: Target;
  /** Whether method, query and content have to be bound. */
  readonly binding: "full" | "target";
}

/** When a proof was made and until when it counts; seconds since the epoch. */
export interface ProofTimes {
  readonly issuedAt: number | undefined;
  readonly expiresAt: number;
}

/**
 * Checks `iat` and `exp`. Without `iat` (a bare WPT) the lifetime is counted from now.
 *
 * @throws {VerificationError} `proof_expiry_missing`, `proof_lifetime_exceeded`, `proof_expired`,
 * `proof_not_yet_valid`, `token_claim_invalid`
 */
export function checkProofTimes(
  claims: JsonObject,
  token: TokenKind,
  { now, skewSeconds, maxLifetimeSeconds }: TimeCheck & { readonly maxLifetimeSeconds: number },
): ProofTimes {
  const refuse = (code: VerificationCode) => new VerificationError(code, { token });
  const issuedAt = numericDate(claims, "iat", token);
  const expiresAt = numericDate(claims, "exp", token);
  if (expiresAt === undefined) throw refuse("proof_expiry_missing");
  if (expiresAt + skewSeconds <= now) throw refuse("proof_expired");
  const lifetime = issuedAt === undefined ? expiresAt - now - skewSeconds : expiresAt - issuedAt;
  if (lifetime > maxLifetimeSeconds) throw refuse("proof_lifetime_exceeded");
  if (issuedAt !== undefined && issuedAt > expiresAt) throw refuse("proof_lifetime_exceeded");
  if (issuedAt !== undefined && issuedAt > now + skewSeconds) throw refuse("proof_not_yet_valid");
  return { issuedAt, expiresAt };
}

/**
 * Checks that a proof was made for this service and path: `aud` is one of our configured origins
 * with the path of the request line. Nothing that the request says about its host takes part.
 *
 * @throws {VerificationError} `proof_audience_missing`, `proof_audience_multiple`,
 * `proof_audience_mismatch`, `proof_target_mismatch`, `token_claim_invalid`
 */
export function checkAudience(
  { aud }: { readonly aud?: unknown },
  expected: Pick<ProofExpectation, "token" | "origins" | "target">,
): void {
  const refuse = (code: VerificationCode) => new VerificationError(code, { token: expected.token });
  if (aud === undefined) throw refuse("proof_audience_missing");
  const [uri, second] = Array.isArray(aud) ? aud : [aud];
  if (second !== undefined) throw refuse("proof_audience_multiple");
  if (typeof uri !== "string") throw refuse("token_claim_invalid");
  const { path } = expected.target;
  for (const origin of expected.origins) if (uri === origin + path) return; // as callers write it
  const audience = parseAudience(uri);
  if (audience === undefined || !expected.origins.includes(audience.origin)) {
    throw refuse("proof_audience_mismatch");
  }
  if (audience.path !== path) throw refuse("proof_target_mismatch");
}

/**
 * Checks the bindings of method and query.
 *
 * @throws {VerificationError} `proof_method_mismatch`, `proof_method_unbound`,
 * `proof_query_mismatch`, `proof_query_unbound`, `token_claim_invalid`
 */
export function checkMethodAndQuery(
  claims: JsonObject,
  { token, names, method, target, binding }: ProofExpectation,
): Awaitable<void> {
  const refuse = (code: VerificationCode) => new VerificationError(code, { token });
  const htm = textClaim(claims, "htm", token);
  const htq = textClaim(claims, names.htq, token);
  if (htm === undefined && binding === "full") throw refuse("proof_method_unbound");
  if (htm !== undefined && htm !== method) throw refuse("proof_method_mismatch");
  return andThen(target.query === undefined ? undefined : hashText(target.query), (expected) => {
    if (htq === expected) return;
    if (htq !== undefined) throw refuse("proof_query_mismatch");
    if (binding === "full") throw refuse("proof_query_unbound");
  });
}

/**
 * Checks the binding of the content. Content of no bytes may be bound or not.
 *
 * @throws {VerificationError} `proof_body_mismatch`, `proof_body_unbound`
 */
export function checkContent(bound: string | undefined, digest: string, token: TokenKind): void {
  if (bound === digest || (bound === undefined && digest === emptyHash)) return;
  const code = bound === undefined ? "proof_body_unbound" : "proof_body_mismatch";
  throw new VerificationError(code, { token });
}

/**
 * The `jti` of a token or the nonce of a signature: 1 to 256 bytes of visible ASCII.
 *
 * @throws {VerificationError} `proof_id_invalid`
 */
export function proofIdOf({ jti }: { readonly jti?: unknown }, token: TokenKind): string {
  if (typeof jti === "string" && /^[\x21-\x7e]{1,256}$/.test(jti)) return jti;
  throw new VerificationError("proof_id_invalid", { token });
}
