import { createProver, validateTxnToken } from "@firsthand/core";
import { beforeEach, describe, expect, it } from "vitest";
import { createTestClock } from "../clock.js";
import { tamperJwt } from "../tamper/tamper-jwt.js";
import type { TestIdentity } from "../test-identity.js";
import { createTrustDomain, type TestTrustDomain } from "../trust-domain.js";
import { serveTxnTokens, type TxnTokenService } from "./serve-txn-tokens.js";

const clock = createTestClock();
const now = clock.now() / 1000;
let shop: TestTrustDomain;
let gateway: TestIdentity;
let service: TxnTokenService;

beforeEach(async () => {
  shop = await createTrustDomain("shop.example", { clock });
  gateway = await shop.identity("/gateway");
  service = await serveTxnTokens({
    trustDomain: shop,
    policy: ({ id }) => id.path !== "/newsletter",
    readSubject: ({ value, type, presenter }) =>
      value === "token-of-alice" && type.endsWith(":access_token") && presenter.path === "/gateway"
        ? { subject: "alice", scope: ["order", "read"] }
        : undefined,
  });
  return () => service.close();
});

const good = {
  grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
  requested_token_type: "urn:ietf:params:oauth:token-type:txn_token",
  audience: "shop.example",
  scope: "order",
  subject_token: "token-of-alice",
  subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
};
const txnTokenType = good.requested_token_type;
type Form = Readonly<Record<string, string | undefined>>;

function formOf(change: Form): string {
  const entries = Object.entries({ ...good, ...change });
  return entries
    .flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
    )
    .join("&");
}

/** Posts a form as a workload. */
async function post(form: string, identity = gateway, path = "/token", method = "POST") {
  const url = new URL(path, service.origin);
  const peers = { [service.origin]: service.id.toString() };
  const content = method === "POST" ? Buffer.from(form) : undefined;
  const prover = createProver({ identity, peers, clock });
  const { headers } = await prover.prove({ method, url, headers: [], content });
  const sent = { method, headers: Object.fromEntries(headers), body: content ?? null };
  const response = await fetch(url, sent);
  const json = (await response.json()) as { readonly access_token: string; readonly error: string };
  return { status: response.status, headers: response.headers, json };
}

const ask = async (change: Form = {}) => (await post(formOf(change))).json;
const read = async (token: string) =>
  validateTxnToken(token, { trustDomain: shop.name, keys: await service.issuer.keys(), clock });

describe("a transaction token service", () => {
  it("issues a Txn-Token to a workload that proves who it is", async () => {
    const details = { request_details: '{"sku":"tea"}', request_context: '{"req_ip":"192.0.2.7"}' };
    const { status, headers, json } = await post(formOf(details));
    expect(status).toBe(200);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(json).toEqual({
      token_type: "N_A",
      issued_token_type: txnTokenType,
      access_token: expect.any(String),
    });
    expect(await read(json.access_token)).toMatchObject({
      subject: "alice",
      scope: ["order"],
      requestingWorkload: "spiffe://shop.example/gateway",
      transactionContext: { sku: "tea" },
      requestContext: { req_ip: "192.0.2.7" },
      expiresAt: now + 300,
    });
  });

  it("gives each transaction an ID of its own", async () => {
    const ids = await Promise.all(
      [1, 2].map(async () => (await read((await ask()).access_token)).id),
    );
    expect(new Set(ids).size).toBe(2);
  });

  it("serves its keys to anybody", async () => {
    const response = await fetch(service.keySetUrl);
    expect(await response.text()).toBe(service.issuer.keySet());
    expect(JSON.parse(service.issuer.keySet()).keys[0]).not.toHaveProperty("d");
  });

  it("believes SVIDs of new authorities once it is renewed", async () => {
    await shop.rotateAuthorities();
    await gateway.renew();
    expect((await post(formOf({}))).status).toBe(401);
    await service.renew();
    expect((await post(formOf({}))).status).toBe(200);
  });

  it("answers nobody without a proof, and nobody whom its policy refuses", async () => {
    const anonymous = await fetch(service.url, { method: "POST", body: formOf({}) });
    expect(anonymous.status).toBe(401);
    expect((await post(formOf({}), await shop.identity("/newsletter"))).status).toBe(403);
    expect((await post(formOf({}), gateway, "/elsewhere")).status).toBe(404);
    expect((await post("", gateway, "/token", "GET")).status).toBe(404);
  });

  it.each<[error: string, title: string, change: Form]>([
    ["unsupported_grant_type", "another grant", { grant_type: "client_credentials" }],
    ["invalid_request", "no grant", { grant_type: undefined }],
    ["invalid_request", "another type of token", { requested_token_type: good.subject_token_type }],
    ["invalid_request", "no scope", { scope: undefined }],
    ["invalid_request", "an empty scope", { scope: "" }],
    ["invalid_request", "no subject token", { subject_token: undefined }],
    ["invalid_request", "a subject token of nobody", { subject_token: "token-of-mallory" }],
    [
      "invalid_request",
      "a refresh token",
      { subject_token_type: "urn:ietf:params:oauth:token-type:refresh_token" },
    ],
    ["invalid_request", "a context that is no object", { request_context: "[]" }],
    ["invalid_request", "details that are no JSON", { request_details: "{" }],
    ["invalid_target", "another trust domain", { audience: "other.example" }],
    ["invalid_scope", "more scope than the subject token has", { scope: "order delete" }],
    ["invalid_client", "a client assertion of no type", { client_assertion: "a.b.c" }],
  ])("answers %s to %s", async (error, _, change) => {
    expect(await ask(change)).toMatchObject({ error, error_description: expect.any(String) });
  });

  it("answers invalid_request to a parameter that is there twice", async () => {
    const { status, json } = await post(`${formOf({})}&scope=read`);
    expect([status, json.error]).toEqual([400, "invalid_request"]);
  });

  it("takes the presenter into account", async () => {
    const { json } = await post(formOf({}), await shop.identity("/checkout"));
    expect(json.error).toBe("invalid_request");
  });
});

describe("a client assertion", () => {
  const assertion = (client_assertion: string) => ({
    client_assertion,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe",
  });

  it("is accepted beside the proof of the same workload", async () => {
    const svid = await shop.issueJwtSvid("/gateway", { audience: service.url });
    expect(await ask(assertion(svid))).toMatchObject({ token_type: "N_A" });
  });

  it.each<[title: string, svid: () => Promise<string>]>([
    ["of another workload", () => shop.issueJwtSvid("/checkout", { audience: service.url })],
    ["for another service", () => shop.issueJwtSvid("/gateway", { audience: "elsewhere" })],
    [
      "for more than this service",
      () => shop.issueJwtSvid("/gateway", { audience: [service.url, "elsewhere"] }),
    ],
    ["that is none", async () => "a.b.c"],
  ])("%s is refused", async (_, svid) => {
    expect(await ask(assertion(await svid()))).toMatchObject({ error: "invalid_client" });
  });
});

describe("a replacement", () => {
  const replace = (token: string, change: Form = {}) =>
    ask({ subject_token: token, subject_token_type: txnTokenType, ...change });

  it("is of the same transaction, allows less and lives no longer", async () => {
    const first = (await ask({ scope: "order read", request_details: '{"sku":"tea"}' }))
      .access_token;
    clock.advance({ seconds: 60 });
    const request_details = '{"sku":"coffee","count":2}';
    const second = (await replace(first, { scope: "read", request_details })).access_token;
    const { issuedAt: _, thumbprint: _t, scope, ...before } = await read(first);
    expect(scope).toEqual(["order", "read"]);
    expect(await read(second)).toMatchObject({
      ...before,
      scope: ["read"],
      requestingWorkload: "spiffe://shop.example/gateway,spiffe://shop.example/gateway",
      transactionContext: { sku: "tea", count: 2 },
    });
  });

  it("never allows more", async () => {
    const token = (await ask({ scope: "read" })).access_token;
    expect(await replace(token, { scope: "order" })).toMatchObject({ error: "invalid_scope" });
    expect(await replace(token, { scope: "read order" })).toMatchObject({ error: "invalid_scope" });
  });

  it("is not made of a token that has ended, or of somebody else's", async () => {
    const token = (await ask()).access_token;
    const forged = tamperJwt(token, { claims: { sub: "mallory" } });
    expect(await replace(forged)).toMatchObject({ error: "invalid_request" });
    clock.advance({ seconds: 300 });
    expect(await replace(token)).toMatchObject({ error: "invalid_request" });
  });
});
