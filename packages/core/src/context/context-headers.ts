import { headerNames } from "../proof/security-headers.js";
import type { Peer } from "../prover-options.js";
import type { Transaction } from "../transaction/transaction.js";
import { txnTokenOf } from "../transaction/txn-token-text.js";
import { callContext } from "./call-context.js";

type Field = readonly [name: string, value: string];

export const contextParts = ["transaction", "user-token"] as const;

/** A part of the call context that can go with an outbound call. */
export type ContextPart = (typeof contextParts)[number];

const none: readonly Field[] = [];

/**
 * The fields by which the current call context goes on to a peer, and only what this peer gets. A
 * field that the application has set itself stays as it is.
 */
export function contextHeaders(peer: Peer, given: readonly Field[]): readonly Field[] {
  const context = callContext();
  if (context === undefined) return none;
  const { transaction, userToken } = context;
  const fields: Field[] = [];
  if (transaction !== undefined && mayHaveTransaction(peer, transaction)) {
    fields.push([headerNames.txnToken, txnTokenOf(transaction)]);
  }
  if (userToken !== undefined && peer.context?.includes("user-token")) {
    fields.push([headerNames.authorization, `${userToken.scheme} ${userToken.value}`]);
  }
  const names = new Set(given.map(([name]) => name.toLowerCase()));
  return fields.filter(([name]) => !names.has(name.toLowerCase()));
}

/** Without a list, a Txn-Token stays in its trust domain (draft-ietf-oauth-transaction-tokens §14). */
function mayHaveTransaction({ id, context }: Peer, { trustDomain }: Transaction): boolean {
  if (context === undefined) return id.trustDomain === trustDomain;
  return context.includes("transaction");
}
