import { callContext, runInTransaction, type Transaction, validateTxnToken } from "@firsthand/core";
import { createTrustDomain, createTxnTokenIssuer } from "@firsthand/testing";
import { Agent, type Dispatcher, interceptors, request, fetch as undiciFetch } from "undici";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { passCallContext, proveRequests } from "../src/undici/index.js";
import { headerValues, type RecordedRequest, startServer } from "./recording-server.js";
import { knowing } from "./shop.js";

type Interceptor = Dispatcher.DispatcherComposeInterceptor;

let enter: (user: string) => Promise<Transaction>;

beforeAll(async () => {
  const domain = await createTrustDomain("shop.example");
  const issuer = await createTxnTokenIssuer(domain);
  const keys = await issuer.keys();
  enter = async (subject) => {
    const text = await issuer.issue({ subject, scope: "order" });
    return validateTxnToken(text, { trustDomain: "shop.example", keys });
  };
});

/** An agent with one connection, so that all requests share its socket. */
function agentFor(origin: string, ...outside: Interceptor[]): Dispatcher {
  const agent = new Agent({ connections: 1, pipelining: 1 });
  onTestFinished(() => agent.destroy());
  return agent.compose(proveRequests(knowing(origin)), ...outside);
}

function subjectOf(request: RecordedRequest): string | undefined {
  const [token] = headerValues(request, "txn-token");
  const claims = token?.split(".")[1];
  return claims && JSON.parse(Buffer.from(claims, "base64url").toString()).sub;
}

const users = Array.from({ length: 40 }, (_, at) => `user-${at}`);

describe("passCallContext", () => {
  it.each([
    ["request", (url: string, dispatcher: Dispatcher) => request(url, { dispatcher })],
    ["fetch", (url: string, dispatcher: Dispatcher) => undiciFetch(url, { dispatcher })],
  ])("takes the context of each %s along", async (_, ask) => {
    const { origin, requests } = await startServer();
    const dispatcher = agentFor(origin, passCallContext());
    await runInTransaction(await enter("alice"), () => ask(`${origin}/alice`, dispatcher));
    await ask(`${origin}/nobody`, dispatcher);
    expect(requests.map(subjectOf)).toEqual(["alice", undefined]);
  });

  it("keeps each retry and redirect in the context of its own request", async () => {
    const attempts = new Map<string, number>();
    const { origin, requests } = await startServer({
      answer(response, { target }) {
        const attempt = (attempts.get(target) ?? 0) + 1;
        attempts.set(target, attempt);
        if (target.startsWith("/moved/")) {
          response.writeHead(307, { location: target.slice("/moved".length) }).end();
        } else {
          response.writeHead(attempt === 1 ? 503 : 200).end();
        }
      },
    });
    const retry = interceptors.retry({ minTimeout: 1, maxTimeout: 1, retryAfter: false });
    const redirect = interceptors.redirect({ maxRedirections: 1 });
    const dispatcher = agentFor(origin, retry, redirect, passCallContext());
    await Promise.all(
      users.map(async (user) => {
        const transaction = await enter(user);
        const url = `${origin}/moved/${user}`;
        const ask = () => request(url, { dispatcher });
        const { statusCode, body } = await runInTransaction(transaction, ask);
        await body.dump();
        expect(statusCode).toBe(200);
      }),
    );
    expect(requests).toHaveLength(3 * users.length);
    for (const sent of requests) expect(subjectOf(sent)).toBe(sent.target.split("/").at(-1));
  });

  it("is what takes it along, so that a socket never lends its own", async () => {
    const { origin, requests } = await startServer();
    const dispatcher = agentFor(origin);
    await runInTransaction(await enter("alice"), async () => {
      expect(callContext()?.transaction?.subject).toBe("alice");
      await request(`${origin}/`, { dispatcher });
    });
    expect(requests.map(subjectOf)).toEqual([undefined]);
  });
});
