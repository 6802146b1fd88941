import type { Awaitable } from "../awaitable.js";
import { VerificationError } from "../errors.js";
import type { SpiffeId } from "../spiffe/spiffe-id.js";
import type { VerifierRules } from "../verifier-options.js";
import type { Transaction } from "./transaction.js";
import { token, verifyTxnToken } from "./verify-txn-token.js";

/**
 * On whose behalf a caller asks: what the Txn-Token says that its proof binds. Undefined without one,
 * and where the verifier was not told whose Txn-Tokens to believe.
 *
 * @throws {VerificationError} `transaction_caller_foreign`, and those of `verifyTxnToken`
 */
export function verifyTransaction(
  text: string | undefined,
  { trustDomain }: SpiffeId,
  { txnTokens, clockSkewSeconds: skewSeconds }: VerifierRules,
  now: number,
): Awaitable<Transaction | undefined> {
  if (text === undefined || txnTokens === undefined) return undefined;
  if (!txnTokens.acceptFrom.includes(trustDomain)) {
    throw new VerificationError("transaction_caller_foreign", { token });
  }
  return verifyTxnToken(text, txnTokens, { now, skewSeconds });
}

/**
 * A connection binds no token, so that a request without a proof must not bring one.
 *
 * @throws {VerificationError} `proof_transaction_token_unbound`
 */
export function refuseUnboundTransaction(
  text: string | undefined,
  { txnTokens }: VerifierRules,
): void {
  if (text === undefined || txnTokens === undefined) return;
  throw new VerificationError("proof_transaction_token_unbound", { token });
}
