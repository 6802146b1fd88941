import * as z from "zod/mini";
import { type Clock, epochSeconds, systemClock } from "../clock.js";
import { clockOption, parseOptions, wholeNumber } from "../options.js";
import type { Transaction } from "./transaction.js";
import { type TxnTokenOptions, txnTokenRules, txnTokenSchema } from "./txn-token-options.js";
import { verifyTxnToken } from "./verify-txn-token.js";

/** Options of {@link validateTxnToken}. */
export interface ValidateTxnTokenOptions extends Omit<TxnTokenOptions, "acceptFrom"> {
  /** Granted to `exp`, `iat` and `nbf`. Default 30. */
  readonly clockSkewSeconds?: number | undefined;
  readonly clock?: Clock | undefined;
}

const { trustDomain, keys, maxLifetimeSeconds } = txnTokenSchema.def.shape;

const schema = z.strictObject({
  trustDomain,
  keys,
  maxLifetimeSeconds,
  clockSkewSeconds: z.optional(wholeNumber(0, 120)),
  clock: z.optional(clockOption),
});

/**
 * Validates a Txn-Token that did not come with a request, such as the answer of a transaction token
 * service. It proves nothing about who has it; a verifier with `txnTokens` believes one only together
 * with the proof of the request that it came with.
 *
 * @throws {VerificationError} with one of the `transaction_…` or `token_…` codes,
 * `trust_bundle_empty`, `trust_unavailable`
 * @throws {ConfigurationError} naming the option that is wrong
 */
export async function validateTxnToken(
  text: string,
  options: ValidateTxnTokenOptions,
): Promise<Transaction> {
  const parsed = parseOptions("validateTxnToken", schema, options);
  const { clock = systemClock, clockSkewSeconds: skewSeconds = 30, ...rules } = parsed;
  return verifyTxnToken(text, txnTokenRules(rules), { now: epochSeconds(clock), skewSeconds });
}
