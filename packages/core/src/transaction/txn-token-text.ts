import { ConfigurationError } from "../errors.js";
import type { Transaction } from "./transaction.js";

/** Beside the transactions and not on them: what is logged or compared must not hold a token. */
const texts = new WeakMap<Transaction, string>();

export function keepTxnToken(transaction: Transaction, text: string): void {
  texts.set(transaction, text);
}

/**
 * The Txn-Token that a transaction was read from, exactly as it came. Never log it.
 *
 * @throws {ConfigurationError} `transaction_unverified` for an object that was not read from one
 */
export function txnTokenOf(transaction: Transaction): string {
  const text = texts.get(transaction);
  if (text === undefined) {
    throw new ConfigurationError(
      "transaction_unverified",
      "this transaction was not read from a Txn-Token; validateTxnToken does that",
    );
  }
  return text;
}
