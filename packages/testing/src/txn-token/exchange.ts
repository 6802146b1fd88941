import {
  type Awaitable,
  type JsonObject,
  type SpiffeId,
  type Transaction,
  VerificationError,
  validateJwtSvid,
  validateTxnToken,
  type WorkloadIdentity,
} from "@firsthand/core";
import type { TestTrustDomain } from "../trust-domain.js";
import { ExchangeError, type ExchangeRequest, txnTokenType } from "./exchange-request.js";
import type { TxnTokenIssuer } from "./txn-token-issuer.js";

/** Whom a subject token stands for, and what it allows at most. */
export interface TxnSubject {
  readonly subject: string;
  readonly scope: readonly string[];
}

/** A token that a workload presents for somebody. */
export interface PresentedToken {
  readonly value: string;
  /** Such as `urn:ietf:params:oauth:token-type:access_token`. */
  readonly type: string;
  /** The workload that presents it. */
  readonly presenter: SpiffeId;
}

/** Reads subject tokens; undefined refuses one. */
export type SubjectReader = (token: PresentedToken) => Awaitable<TxnSubject | undefined>;

/** What an exchange needs. */
export interface Exchange {
  readonly trustDomain: TestTrustDomain;
  readonly identity: WorkloadIdentity;
  readonly issuer: TxnTokenIssuer;
  readonly readSubject: SubjectReader;
  /** What `aud` of a client assertion has to be. */
  readonly url: string;
}

/**
 * Issues a Txn-Token to a workload that proved who it is (draft-ietf-oauth-transaction-tokens §11.3).
 *
 * @throws {ExchangeError}
 */
export async function exchangeToken(
  request: ExchangeRequest,
  client: SpiffeId,
  exchange: Exchange,
): Promise<string> {
  const { trustDomain, issuer, readSubject } = exchange;
  await checkClientAssertion(request, client, exchange);
  if (request.audience !== trustDomain.name) {
    throw new ExchangeError("invalid_target", "this service issues for another trust domain");
  }
  if (request.subjectTokenType === txnTokenType) return replaceToken(request, client, exchange);
  const { subjectToken: value, subjectTokenType: type } = request;
  const subject = await readSubject({ value, type, presenter: client });
  if (subject === undefined) throw refusedSubject();
  checkScope(request.scope, subject.scope);
  return issuer.issue({
    subject: subject.subject,
    scope: request.scope.join(" "),
    requestingWorkload: client.toString(),
    claims: { tctx: request.requestDetails, rctx: request.requestContext },
  });
}

/** The same transaction with the same scope or less, until the same time (§13.15). */
async function replaceToken(
  request: ExchangeRequest,
  client: SpiffeId,
  { trustDomain, issuer }: Exchange,
): Promise<string> {
  const current = await readTxnToken(request.subjectToken, trustDomain, issuer);
  checkScope(request.scope, current.scope);
  return issuer.issue({
    subject: current.subject,
    scope: request.scope.join(" "),
    requestingWorkload: `${current.requestingWorkload},${client}`,
    claims: {
      txn: current.id,
      exp: current.expiresAt,
      tctx: withAdded(current.transactionContext, request.requestDetails),
      rctx: withAdded(current.requestContext, request.requestContext),
    },
  });
}

/** More may be asserted, and nothing that is asserted may change. */
function withAdded(current: JsonObject | undefined, more: JsonObject | undefined) {
  return current === undefined ? more : { ...more, ...current };
}

async function readTxnToken(
  text: string,
  { name, clock }: TestTrustDomain,
  issuer: TxnTokenIssuer,
): Promise<Transaction> {
  try {
    const keys = await issuer.keys();
    return await validateTxnToken(text, { trustDomain: name, keys, clock, clockSkewSeconds: 0 });
  } catch (error) {
    throw error instanceof VerificationError ? refusedSubject() : error;
  }
}

function checkScope(asked: readonly string[], allowed: readonly string[]): void {
  if (asked.every((value) => allowed.includes(value))) return;
  throw new ExchangeError("invalid_scope", "the subject token does not allow that much");
}

/** Beside the proof of the request: a JWT-SVID of the same workload for this service alone. */
async function checkClientAssertion(
  { clientAssertion }: ExchangeRequest,
  client: SpiffeId,
  { identity, trustDomain, url }: Exchange,
): Promise<void> {
  if (clientAssertion === undefined) return;
  const refusal = new ExchangeError("invalid_client", "the client assertion is not to be believed");
  try {
    const options = { identity, audience: url, clock: trustDomain.clock };
    const { id, audience } = await validateJwtSvid(clientAssertion, options);
    if (id.equals(client) && audience.length === 1) return;
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
  }
  throw refusal;
}

function refusedSubject(): ExchangeError {
  return new ExchangeError("invalid_request", "the subject token is not accepted");
}
