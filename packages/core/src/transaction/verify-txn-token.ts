import { VerificationError } from "../errors.js";
import { hashText } from "../hash.js";
import { spiffeAlgorithms } from "../jose/algorithms.js";
import { expiryOf, numericDate, type TimeCheck, textClaim } from "../jose/claims.js";
import { type JwsProfile, parseClaims, parseHeader, splitJws } from "../jose/compact-jws.js";
import { isObject, type JsonObject } from "../jose/strict-json.js";
import type { VerificationCode } from "../refusal-codes.js";
import { verifyIssuer } from "../svid/token-authority.js";
import type { TokenAuthority } from "../trust/trust-bundle.js";
import type { Transaction } from "./transaction.js";
import type { TxnTokenRules } from "./txn-token-options.js";
import { keepTxnToken } from "./txn-token-text.js";

export const token = "txn-token";

const profile: JwsProfile = {
  token,
  maxBytes: 8192,
  types: ["txntoken+jwt"],
  algorithms: spiffeAlgorithms,
};

const refuse = (code: VerificationCode, cause?: unknown) =>
  new VerificationError(code, { token, cause });

/**
 * Validates a Txn-Token (draft-ietf-oauth-transaction-tokens §9 and §12.2): signed by the one
 * transaction token service of the trust domain, for this trust domain, short-lived and alive. `iss`
 * takes no part.
 *
 * @throws {VerificationError} with one of the `transaction_…` or `token_…` codes,
 * `trust_bundle_empty`, `trust_unavailable`
 */
export async function verifyTxnToken(
  text: string,
  rules: TxnTokenRules,
  time: TimeCheck,
): Promise<Transaction> {
  const segments = splitJws(text, profile);
  const header = parseHeader(segments, profile);
  const claims = parseClaims(segments, profile);
  await verifyIssuer({ segments, header, profile }, authoritiesOf(rules), "optional");
  checkAudience(claims, rules);
  const transaction: Transaction = Object.freeze({
    ...timesOf(claims, rules, time),
    id: requiredText(claims, "txn", "transaction_id_missing"),
    subject: requiredText(claims, "sub", "token_subject_missing"),
    scope: scopeOf(claims),
    trustDomain: rules.trustDomain,
    requestingWorkload: requiredText(claims, "req_wl", "transaction_workload_missing"),
    transactionContext: objectClaim(claims, "tctx"),
    requestContext: objectClaim(claims, "rctx"),
    thumbprint: await hashText(text),
  });
  keepTxnToken(transaction, text);
  return transaction;
}

function authoritiesOf({ keys }: TxnTokenRules): ReadonlyMap<string, TokenAuthority> {
  try {
    return keys.authorities();
  } catch (cause) {
    throw refuse("trust_unavailable", cause);
  }
}

/** One trust domain and no other: where it counts elsewhere too, it is not ours alone. */
function checkAudience({ aud }: JsonObject, { trustDomain }: TxnTokenRules): void {
  if (aud === undefined) throw refuse("token_audience_missing");
  const [name, ...others] = Array.isArray(aud) ? aud : [aud];
  if (others.length === 0 && name === trustDomain) return;
  throw refuse("transaction_domain_mismatch");
}

function timesOf(
  claims: JsonObject,
  { maxLifetimeSeconds }: TxnTokenRules,
  { now, skewSeconds }: TimeCheck,
): Pick<Transaction, "issuedAt" | "expiresAt"> {
  const issuedAt = numericDate(claims, "iat", token);
  const expiresAt = expiryOf(claims, token);
  const notBefore = numericDate(claims, "nbf", token);
  if (issuedAt === undefined) throw refuse("transaction_issued_at_missing");
  if (expiresAt + skewSeconds <= now) throw refuse("token_expired");
  if (expiresAt - issuedAt > maxLifetimeSeconds) throw refuse("token_lifetime_exceeded");
  if (Math.max(issuedAt, notBefore ?? issuedAt) > now + skewSeconds) {
    throw refuse("token_not_yet_valid");
  }
  return { issuedAt, expiresAt };
}

function requiredText(claims: JsonObject, name: string, missing: VerificationCode): string {
  const text = textClaim(claims, name, token);
  if (text === undefined) throw refuse(missing);
  if (text === "") throw refuse("token_claim_invalid");
  return text;
}

/** RFC 8693 §4.2, RFC 6749 §3.3. */
function scopeOf(claims: JsonObject): readonly string[] {
  const scope = requiredText(claims, "scope", "transaction_scope_missing");
  const values = scope.split(" ");
  if (values.every((value) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value))) {
    return Object.freeze(values);
  }
  throw refuse("token_claim_invalid");
}

function objectClaim(claims: JsonObject, name: string): JsonObject | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (!isObject(value)) throw refuse("token_claim_invalid");
  return freezeJson(value);
}

function freezeJson<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === "object" && member !== null) freezeJson(member);
  }
  return Object.freeze(value);
}
