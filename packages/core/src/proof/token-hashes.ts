import { type Awaitable, andThen } from "../awaitable.js";
import { type TokenKind, VerificationError } from "../errors.js";
import { hashText } from "../hash.js";
import { textClaim } from "../jose/claims.js";
import { isObject, type JsonObject } from "../jose/strict-json.js";
import type { VerificationCode } from "../refusal-codes.js";
import type { ProofRequest } from "./proof-request.js";
import { type SecurityHeaders, singleHeader } from "./security-headers.js";

/** The tokens that travel with a request, whose hashes a proof binds. */
export interface CarriedTokens {
  /** The OAuth token of `Authorization: Bearer` or `DPoP`. */
  readonly accessToken: string | undefined;
  readonly txnToken: string | undefined;
  /** Value by lower-case name of each field that the deployment named; undefined when absent. */
  readonly others: ReadonlyMap<string, string | undefined>;
}

/** The hashes of {@link CarriedTokens} as claims; a claim is there exactly when its token is. */
export interface TokenHashes {
  readonly ath: string | undefined;
  readonly tth: string | undefined;
  readonly oth: Readonly<Record<string, string>> | undefined;
}

const noHashes: TokenHashes = Object.freeze({ ath: undefined, tth: undefined, oth: undefined });

/** No hashes; without a prototype, since names of fields are looked up in it. */
const none: Readonly<Record<string, string>> = Object.freeze(Object.create(null));

/**
 * Finds the tokens in the headers of a request.
 *
 * @throws {VerificationError} `proof_token_header_ambiguous`, `header_invalid`
 */
export function carriedTokens(
  headers: ProofRequest["headers"],
  { authorization, txnToken }: SecurityHeaders,
  tokenHeaders: readonly string[],
): CarriedTokens {
  const isOAuth = authorization?.scheme === "bearer" || authorization?.scheme === "dpop";
  const others = tokenHeaders.map((name) => [name, singleTokenHeader(headers, name)] as const);
  return {
    accessToken: isOAuth ? authorization.value : undefined,
    txnToken,
    others: new Map(others),
  };
}

/** The claims that bind the tokens of a request (WPT-02 §2; `ath` as RFC 9449 §4.2). */
export function hashTokens(tokens: CarriedTokens): Awaitable<TokenHashes> {
  const { accessToken, txnToken, others } = tokens;
  const carriesNone = accessToken === undefined && txnToken === undefined && others.size === 0;
  return carriesNone ? noHashes : hashCarried(tokens);
}

async function hashCarried(tokens: CarriedTokens): Promise<TokenHashes> {
  const oth: Record<string, string> = Object.create(null);
  for (const [name, value] of tokens.others) {
    if (value !== undefined) oth[name] = await hashText(value);
  }
  return {
    ath: tokens.accessToken === undefined ? undefined : await hashText(tokens.accessToken),
    tth: tokens.txnToken === undefined ? undefined : await hashText(tokens.txnToken),
    oth: Object.keys(oth).length === 0 ? undefined : oth,
  };
}

/**
 * Compares both ways: a token that is not bound is refused, and so is a bound one that is missing.
 *
 * @throws {VerificationError} with one of the `proof_…_token_…` codes
 */
export function checkTokenHashes(
  claims: JsonObject,
  tokens: CarriedTokens,
  token: TokenKind,
): Awaitable<void> {
  const refuse = (code: VerificationCode) => new VerificationError(code, { token });
  return andThen(hashTokens(tokens), (expected) => {
    const ath = textClaim(claims, "ath", token);
    if (ath !== expected.ath) throw refuse(`proof_access_token_${fault(ath)}`);
    const tth = textClaim(claims, "tth", token);
    if (tth !== expected.tth) throw refuse(`proof_transaction_token_${fault(tth)}`);
    checkOthers(claims, tokens, expected.oth ?? none, token);
  });
}

function checkOthers(
  { oth = none }: JsonObject,
  tokens: CarriedTokens,
  expected: Readonly<Record<string, string>>,
  token: TokenKind,
): void {
  const refuse = (code: VerificationCode) => new VerificationError(code, { token });
  if (!isObject(oth)) throw refuse("token_claim_invalid");
  if (Object.keys(oth).some((name) => !tokens.others.has(name))) {
    throw refuse("proof_token_header_unknown");
  }
  for (const name of tokens.others.keys()) {
    if (oth[name] !== expected[name]) throw refuse(`proof_token_header_${fault(oth[name])}`);
  }
}

function fault(claim: unknown): "unbound" | "mismatch" {
  return claim === undefined ? "unbound" : "mismatch";
}

function singleTokenHeader(headers: ProofRequest["headers"], name: string): string | undefined {
  try {
    return singleHeader(headers, name)?.trim();
  } catch (cause) {
    if (cause instanceof VerificationError && cause.code === "header_duplicate") {
      throw new VerificationError("proof_token_header_ambiguous", { cause });
    }
    throw cause;
  }
}
