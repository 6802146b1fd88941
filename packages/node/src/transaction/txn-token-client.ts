import {
  CredentialError,
  isWithin,
  type JsonObject,
  type Transaction,
  txnTokenOf,
  type UserToken,
  validateTxnToken,
} from "@firsthand/core";
import { requestService } from "./request-service.js";
import { readTokenResponse } from "./token-response.js";
import {
  parseTxnTokenClientOptions,
  type TxnTokenClientOptions,
  type TxnTokenClientRules,
} from "./txn-token-client-options.js";

/** What a Txn-Token is to say. */
export interface TxnTokenRequest {
  /** What the transaction is for, as narrow as possible; at least one value. */
  readonly scope: readonly string[];
  /** The token that stands for the subject: as a rule `callContext()?.userToken`. */
  readonly subjectToken: UserToken | string;
  /** Default `urn:ietf:params:oauth:token-type:access_token`. */
  readonly subjectTokenType?: string | undefined;
  /** The surroundings of the request, such as the address of the user. */
  readonly requestContext?: JsonObject | undefined;
  /** What the transaction is about, such as the parameters of the request. */
  readonly requestDetails?: JsonObject | undefined;
}

/** Asks a transaction token service, in the name of this workload. */
export interface TxnTokenClient {
  /**
   * Begins a transaction: exchanges a token that stands for somebody for a Txn-Token. Enter it with
   * `runInTransaction`.
   *
   * @throws {CredentialError} `txn_token_unavailable`, `txn_token_refused`, `txn_token_invalid`; those
   * of `fetch` and of `jwtSvid`
   * @throws {ProofError} that of `fetch`
   */
  exchange(request: TxnTokenRequest): Promise<Transaction>;
  /**
   * Replaces a transaction by itself with less scope, for a call that needs no more.
   *
   * @throws as `exchange`
   * @throws {ConfigurationError} `transaction_unverified`
   */
  narrow(
    transaction: Transaction,
    request: Pick<TxnTokenRequest, "scope" | "requestDetails">,
  ): Promise<Transaction>;
}

const grantType = "urn:ietf:params:oauth:grant-type:token-exchange";
const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";
const txnTokenType = "urn:ietf:params:oauth:token-type:txn_token";
const jwtSpiffe = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

/**
 * Makes a client of a transaction token service (RFC 8693, in the profile of
 * draft-ietf-oauth-transaction-tokens §11). The service knows this workload by the proof on the request,
 * and where that is configured by a JWT-SVID as well; each answer is validated before it is given out.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function createTxnTokenClient(options: TxnTokenClientOptions): TxnTokenClient {
  const rules = parseTxnTokenClientOptions(options);

  return Object.freeze({
    exchange: ({ subjectToken, subjectTokenType = accessTokenType, ...request }: TxnTokenRequest) =>
      ask(rules, request, {
        subject_token: typeof subjectToken === "string" ? subjectToken : subjectToken.value,
        subject_token_type: subjectTokenType,
      }),
    async narrow(
      transaction: Transaction,
      request: Pick<TxnTokenRequest, "scope" | "requestDetails">,
    ) {
      const replacement = await ask(rules, request, {
        subject_token: txnTokenOf(transaction),
        subject_token_type: txnTokenType,
      });
      if (isWithin(replacement, transaction)) return replacement;
      throw new CredentialError("txn_token_invalid", { detail: "it is another transaction" });
    },
  });
}

async function ask(
  rules: TxnTokenClientRules,
  request: Omit<TxnTokenRequest, "subjectToken" | "subjectTokenType">,
  subject: Readonly<Record<string, string>>,
): Promise<Transaction> {
  const { trustDomain, keys, clock } = rules;
  const form = new URLSearchParams({
    grant_type: grantType,
    requested_token_type: txnTokenType,
    audience: trustDomain,
    scope: request.scope.join(" "),
    ...subject,
    ...json("request_context", request.requestContext),
    ...json("request_details", request.requestDetails),
    ...(await clientAssertion(rules)),
  });
  const token = readTokenResponse(await send(rules, form));
  try {
    const transaction = await validateTxnToken(token, { trustDomain, keys, clock });
    if (transaction.scope.every((value) => request.scope.includes(value))) return transaction;
  } catch (cause) {
    throw new CredentialError("txn_token_invalid", { cause });
  }
  throw new CredentialError("txn_token_invalid", { detail: "it allows more than was asked for" });
}

async function send(rules: TxnTokenClientRules, form: URLSearchParams) {
  const fault = (detail: string, cause?: unknown) =>
    new CredentialError("txn_token_unavailable", { detail, cause });
  const init = { method: "POST", headers: { accept: "application/json" }, body: form };
  return requestService({ ...rules, fault }, init);
}

/** SPIFFE client authentication (draft-ietf-oauth-spiffe-client-auth §3.1). */
async function clientAssertion({ clientAssertion }: TxnTokenClientRules) {
  if (clientAssertion === undefined) return {};
  const { identity, audience } = clientAssertion;
  const { token } = await identity.jwtSvid({ audience });
  return { client_assertion_type: jwtSpiffe, client_assertion: token };
}

function json(name: string, value: JsonObject | undefined): Readonly<Record<string, string>> {
  return value === undefined ? {} : { [name]: JSON.stringify(value) };
}
