import { runtime } from "#runtime";
import type { Caller } from "../caller.js";
import { ConfigurationError } from "../errors.js";
import type { Transaction } from "../transaction/transaction.js";
import { txnTokenOf } from "../transaction/txn-token-text.js";
import { type UserToken, userTokenOf } from "./user-token.js";

/** On whose account the code runs that asks. Immutable. */
export interface CallContext {
  /** Who made the request that is being handled; undefined in a transaction that began here. */
  readonly caller: Caller | undefined;
  /** The end user's token, where the request had one. Not validated. */
  readonly userToken: UserToken | undefined;
  /** What the Txn-Token of the request says, or the transaction that was entered since. */
  readonly transaction: Transaction | undefined;
}

const storage = runtime.createContextStorage<CallContext | undefined>();

/**
 * The context of the request that is being handled, in everything that its handler calls or awaits.
 * Undefined outside of a request, and in runtimes without `AsyncLocalStorage`.
 */
export function callContext(): CallContext | undefined {
  return storage.current();
}

/**
 * Does work in the context of a verified caller. The adapters do this for handlers; code that uses
 * `createVerifier` by itself does it with what `verify` resolved to. A request that passed without a
 * caller, where callers migrate, has no context.
 */
export function runInCallContext<R>(caller: Caller | undefined, work: () => R): R {
  if (caller === undefined) return withoutCallContext(work);
  const userToken = userTokenOf(caller);
  return enter({ caller, userToken, transaction: caller.onBehalfOf }, work);
}

/**
 * Does work in a transaction, whose token then goes with outbound calls: one that begins here, or a
 * narrower replacement of the current one.
 *
 * @throws {ConfigurationError} `context_widened` when it is not the current transaction with the same
 * scope or less; `transaction_unverified` when it was not read from a Txn-Token
 */
export function runInTransaction<R>(transaction: Transaction, work: () => R): R {
  txnTokenOf(transaction);
  const { caller, userToken, transaction: current } = storage.current() ?? nothing;
  if (current !== undefined && !isWithin(transaction, current)) {
    throw new ConfigurationError(
      "context_widened",
      "a transaction can only be replaced by itself with the same scope or less",
    );
  }
  return enter({ caller, userToken, transaction }, work);
}

/** Does work on nobody's account: for what is started by a request and does not belong to it. */
export function withoutCallContext<R>(work: () => R): R {
  return storage.run(undefined, work);
}

/** Does work in a context that was taken before, or in none. */
export function resumeCallContext<R>(context: CallContext | undefined, work: () => R): R {
  return storage.run(context, work);
}

/**
 * Whether one transaction is another one with nothing added: a replacement keeps `txn`, `sub` and
 * `aud` (draft-ietf-oauth-transaction-tokens §13.15).
 */
export function isWithin(inner: Transaction, outer: Transaction): boolean {
  return (
    inner.id === outer.id &&
    inner.subject === outer.subject &&
    inner.trustDomain === outer.trustDomain &&
    inner.scope.every((value) => outer.scope.includes(value))
  );
}

const nothing: CallContext = { caller: undefined, userToken: undefined, transaction: undefined };

function enter<R>(context: CallContext, work: () => R): R {
  return storage.run(Object.freeze(context), work);
}
