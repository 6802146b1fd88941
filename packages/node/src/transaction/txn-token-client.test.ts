import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type CredentialErrorCode, runInTransaction } from "@firsthand/core";
import {
  createTrustDomain,
  serveTxnTokens,
  serveWorkloadApi,
  type TestTrustDomain,
  type TxnTokenService,
} from "@firsthand/testing";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { openWorkloadIdentity } from "../identity/workload/open-workload-identity.js";
import { createTxnTokenClient, type TxnTokenClient } from "./txn-token-client.js";
import type { TxnTokenClientOptions } from "./txn-token-client-options.js";

let shop: TestTrustDomain;
let service: TxnTokenService;

beforeAll(async () => {
  shop = await createTrustDomain("shop.example");
  service = await serveTxnTokens({
    trustDomain: shop,
    policy: ({ id }) => id.path === "/gateway",
    readSubject: ({ value }) =>
      value === "token-of-alice" ? { subject: "alice", scope: ["order", "read"] } : undefined,
  });
  return () => service.close();
});

async function clientOf(options: Partial<TxnTokenClientOptions> = {}): Promise<TxnTokenClient> {
  return createTxnTokenClient({
    identity: await shop.identity("/gateway"),
    url: service.url,
    service: service.id.toString(),
    trustDomain: "shop.example",
    keys: await service.issuer.keys(),
    ...options,
  });
}

const alice = { scope: ["order"], subjectToken: "token-of-alice" };

/** A service that answers what the test says, and keeps what it was sent. */
async function serve(answer: (response: ServerResponse) => unknown) {
  const requests: { readonly headers: IncomingMessage["headers"]; readonly form: string }[] = [];
  const server = createServer(async (request, response) => {
    requests.push({ headers: request.headers, form: await text(request) });
    answer(response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`, requests };
}

const issued = (token: string, change: object = {}) =>
  JSON.stringify({
    token_type: "N_A",
    issued_token_type: "urn:ietf:params:oauth:token-type:txn_token",
    access_token: token,
    ...change,
  });
const aliceToken = (claims: object = {}) =>
  service.issuer.issue({ subject: "alice", scope: "order", claims: { ...claims } });

describe("createTxnTokenClient", () => {
  it("exchanges a token of a user for a transaction", async () => {
    const client = await clientOf();
    const transaction = await client.exchange({
      ...alice,
      requestContext: { req_ip: "192.0.2.7" },
      requestDetails: { sku: "tea" },
    });
    expect(transaction).toMatchObject({
      subject: "alice",
      scope: ["order"],
      requestingWorkload: "spiffe://shop.example/gateway",
      requestContext: { req_ip: "192.0.2.7" },
      transactionContext: { sku: "tea" },
    });
    expect(Object.isFrozen(client)).toBe(true);
  });

  it("is known to the service by a JWT-SVID as well, where that is configured", async () => {
    const agent = await serveWorkloadApi({ trustDomain: shop, workloads: ["/gateway"] });
    onTestFinished(() => agent.close());
    const identity = await openWorkloadIdentity({ address: agent.address });
    onTestFinished(() => identity.close());
    const clientAssertion = { identity, audience: service.url };
    const client = await clientOf({ identity, clientAssertion });
    expect((await client.exchange(alice)).subject).toBe("alice");
    const elsewhere = await clientOf({
      identity,
      clientAssertion: { identity, audience: "https://elsewhere.example" },
    });
    await expect(elsewhere.exchange(alice)).rejects.toMatchObject({
      code: "txn_token_refused",
      message: expect.stringMatching(/: invalid_client$/),
    });
  });

  it("sends a form, and of the call context nothing", async () => {
    const { url, requests } = await serve((response) => response.end("{}"));
    const client = await clientOf({ url, service: { id: "spiffe://shop.example/tts" } });
    const transaction = await (await clientOf()).exchange(alice);
    const asking = runInTransaction(transaction, () => client.exchange(alice));
    await expect(asking).rejects.toMatchObject({ code: "txn_token_invalid" });
    const [{ headers, form }] = requests as [(typeof requests)[0]];
    expect(headers).toMatchObject({ "svid-proof": expect.any(String), accept: "application/json" });
    expect(headers["content-type"]).toMatch(/^application\/x-www-form-urlencoded/);
    expect(headers).not.toHaveProperty("txn-token");
    expect(Object.fromEntries(new URLSearchParams(form))).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      requested_token_type: "urn:ietf:params:oauth:token-type:txn_token",
      audience: "shop.example",
      scope: "order",
      subject_token: "token-of-alice",
      subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    });
  });

  it.each([
    ["invalid_scope", { ...alice, scope: ["delete"] }],
    ["invalid_request", { ...alice, subjectToken: "token-of-mallory" }],
    ["invalid_request", { ...alice, scope: [] }],
  ])("says that the service answered %s", async (error, request) => {
    await expect((await clientOf()).exchange(request)).rejects.toMatchObject({
      name: "CredentialError",
      code: "txn_token_refused",
      message: `the transaction token service refused to issue a Txn-Token: ${error}`,
    });
  });

  it("repeats no text of the service", async () => {
    const body = JSON.stringify({ error: "<script>", error_description: "<script>" });
    const { url } = await serve((response) => response.writeHead(503).end(body));
    const error = await (await clientOf({ url })).exchange(alice).catch((reason) => reason);
    expect(error).toMatchObject({ code: "txn_token_unavailable" });
    expect(String(error)).toContain("status 503");
    expect(String(error)).not.toContain("script");
  });

  type Row = readonly [
    code: CredentialErrorCode,
    title: string,
    answer: () => Promise<string> | string,
  ];
  it.each<Row>([
    ["txn_token_unavailable", "what is not JSON", () => "<html>"],
    ["txn_token_unavailable", "more than 1 MiB", () => "a".repeat(2 ** 20 + 1)],
    ["txn_token_invalid", "no token", () => issued("", { access_token: undefined })],
    [
      "txn_token_invalid",
      "a refresh token",
      async () => issued(await aliceToken(), { refresh_token: "x" }),
    ],
    [
      "txn_token_invalid",
      "a bearer token",
      async () => issued(await aliceToken(), { token_type: "Bearer" }),
    ],
    [
      "txn_token_invalid",
      "a token of another type",
      async () =>
        issued(await aliceToken(), { issued_token_type: "urn:ietf:params:oauth:token-type:jwt" }),
    ],
    ["txn_token_invalid", "a token that is none", () => issued("a.b.c")],
    [
      "txn_token_invalid",
      "a token of another trust domain",
      async () => issued(await aliceToken({ aud: "other.example" })),
    ],
    [
      "txn_token_invalid",
      "a token that allows more",
      async () => issued(await aliceToken({ scope: "order read" })),
    ],
    [
      "txn_token_invalid",
      "a token that has ended",
      async () => issued(await aliceToken({ iat: 1, exp: 2 })),
    ],
  ])("refuses with %s %s", async (code, _, answer) => {
    const content = await answer();
    const { url } = await serve((response) => response.end(content));
    await expect((await clientOf({ url })).exchange(alice)).rejects.toMatchObject({ code });
  });

  it("says that nothing answers", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const client = await clientOf({ url: `http://127.0.0.1:${port}/token` });
    await expect(client.exchange(alice)).rejects.toMatchObject({
      code: "txn_token_unavailable",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("replaces a transaction by itself with less scope", async () => {
    const client = await clientOf();
    const whole = await client.exchange({ ...alice, scope: ["order", "read"] });
    const narrow = await client.narrow(whole, { scope: ["read"] });
    expect(narrow).toMatchObject({ id: whole.id, subject: "alice", scope: ["read"] });
    await expect(client.narrow(narrow, { scope: ["order"] })).rejects.toMatchObject({
      code: "txn_token_refused",
    });
    await expect(client.narrow({ ...whole }, { scope: ["read"] })).rejects.toMatchObject({
      code: "transaction_unverified",
    });
  });

  it("refuses another transaction as a replacement", async () => {
    const whole = await (await clientOf()).exchange(alice);
    const token = await aliceToken();
    const { url } = await serve((response) => response.end(issued(token)));
    const narrowing = (await clientOf({ url })).narrow(whole, { scope: ["order"] });
    await expect(narrowing).rejects.toMatchObject({ code: "txn_token_invalid" });
  });

  it.each<[option: string, options: object]>([
    ["url", { url: "http://tts.shop.example/token" }],
    ["trustDomain", { trustDomain: "" }],
    ["keys", { keys: undefined }],
    ["identity", { identity: {} }],
    ["service", { service: 1 }],
    ["service", { service: "tts" }],
    ["service", { service: "spiffe://shop.example" }],
    ["service.context", { service: { id: "spiffe://shop.example/tts", context: [] } }],
    ["timeoutMilliseconds", { timeoutMilliseconds: 0 }],
    ["clientAssertion.identity", { clientAssertion: { identity: {}, audience: "x" } }],
    ["scope", { scope: "order" }],
  ])("refuses a wrong option %s", async (option, options) => {
    await expect(clientOf(options)).rejects.toMatchObject({ code: "option_invalid", option });
  });
});
