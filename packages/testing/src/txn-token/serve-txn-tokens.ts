import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { allowTrustDomain, type Caller, type Policy, type SpiffeId } from "@firsthand/core";
import { requireCaller } from "@firsthand/core/http";
import type { TestTrustDomain } from "../trust-domain.js";
import { type Workload, workloadIdOf } from "../workload-id.js";
import { type Exchange, exchangeToken, type SubjectReader } from "./exchange.js";
import { ExchangeError, parseExchangeRequest, txnTokenType } from "./exchange-request.js";
import { createTxnTokenIssuer, type TxnTokenIssuer } from "./txn-token-issuer.js";

/** A transaction token service and its policy. */
export interface TxnTokenServiceOptions {
  readonly trustDomain: TestTrustDomain;
  /** Reads the tokens that are presented for users; Txn-Tokens to replace are read without it. */
  readonly readSubject: SubjectReader;
  /** Which workload it is. Default `/txn-token-service`. */
  readonly workload?: Workload | undefined;
  /** Who may ask. Default: every workload of the trust domain. */
  readonly policy?: Policy | undefined;
}

/** A transaction token service on 127.0.0.1, until it is closed. */
export interface TxnTokenService extends AsyncDisposable {
  /** Its token endpoint. */
  readonly url: string;
  /** Where its JWK Set is; for anybody. */
  readonly keySetUrl: string;
  /** The origin of both, for a map of peers. */
  readonly origin: string;
  readonly id: SpiffeId;
  /** What signs its tokens; also for tokens that nobody asked for. */
  readonly issuer: TxnTokenIssuer;
  /**
   * Takes fresh credentials and the newest bundles, as it does when its trust domain rotates. Until it is
   * called, workloads with SVIDs of new authorities are refused.
   */
  renew(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Serves Txn-Tokens for a trust domain over HTTP: a token exchange (RFC 8693) for workloads that prove
 * who they are, as draft-ietf-oauth-transaction-tokens says. A token is replaced only by one of the
 * same transaction that allows no more and lives no longer. For tests, demonstrations and development
 * only.
 *
 * @throws {ConfigurationError | SpiffeIdError} when `workload` is not one
 */
export async function serveTxnTokens(options: TxnTokenServiceOptions): Promise<TxnTokenService> {
  const { trustDomain, readSubject, workload = "/txn-token-service" } = options;
  const identity = await trustDomain.identity(workload);
  const issuer = await createTxnTokenIssuer(trustDomain);
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `${origin}/token`;
  const policy = options.policy ?? allowTrustDomain(trustDomain.name);
  const answerProved = requireCaller(
    { identity, origin, policy, clock: trustDomain.clock },
    answerExchange({ trustDomain, identity, issuer, readSubject, url }),
  );
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    if (request.url !== "/keys") return answerProved(request, response);
    return answer(response, 200, issuer.keySet());
  });

  async function close(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  return {
    url,
    keySetUrl: `${origin}/keys`,
    origin,
    id: workloadIdOf(trustDomain.name, workload),
    issuer,
    renew: () => identity.renew(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function answerExchange(exchange: Exchange) {
  return async (request: IncomingMessage, response: ServerResponse, caller: Caller) => {
    if (request.url !== "/token" || request.method !== "POST") return answer(response, 404, "{}");
    try {
      const asked = parseExchangeRequest(await text(request));
      const token = await exchangeToken(asked, caller.id, exchange);
      const members = {
        token_type: "N_A",
        issued_token_type: txnTokenType,
        access_token: token,
      };
      answer(response, 200, JSON.stringify(members));
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      const members = { error: error.code, error_description: error.message };
      answer(response, 400, JSON.stringify(members));
    }
  };
}

function answer(response: ServerResponse, status: number, json: string): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(json);
}
