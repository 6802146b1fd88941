import { callContext, runInTransaction, txnTokenOf, withoutCallContext } from "@firsthand/core";
import { createFetch, createTxnTokenClient, openKeySet } from "@firsthand/node";
import {
  createTrustDomain,
  serveTxnTokens,
  type TestIdentity,
  type TestTrustDomain,
  type TxnTokenService,
} from "@firsthand/testing";
import fc from "fast-check";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type AdapterName, call, openService, type Service } from "./services.js";

const users: Readonly<Record<string, string>> = {
  "token-of-alice": "alice",
  "token-of-bob": "bob",
};

let shop: TestTrustDomain;
let service: TxnTokenService;

beforeEach(async () => {
  shop = await createTrustDomain("shop.example");
  service = await serveTxnTokens({
    trustDomain: shop,
    readSubject({ value }) {
      const subject = users[value] ?? (value.startsWith("token-of-") ? value.slice(9) : undefined);
      return subject === undefined ? undefined : { subject, scope: ["order", "read"] };
    },
  });
  return () => service.close();
});

/** What verifiers of the shop believe. */
async function txnTokens() {
  const keys = await openKeySet({ url: service.keySetUrl });
  onTestFinished(() => keys.close());
  return { trustDomain: shop.name as string, keys };
}

async function clientOf(identity: TestIdentity) {
  return createTxnTokenClient({
    identity,
    url: service.url,
    service: service.id.toString(),
    ...(await txnTokens()),
  });
}

/** What the last service of a chain knows. */
function evidence() {
  const { caller, transaction, userToken } = callContext() ?? {};
  return {
    caller: caller?.id.path,
    subject: caller?.onBehalfOf?.subject,
    transaction: transaction?.id,
    scope: transaction?.scope,
    thumbprint: transaction?.thumbprint,
    userToken: userToken?.value,
  };
}

/** Lets others run in between: for so many turns of the event loop. */
async function yieldFor(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
}

interface Chain {
  readonly storefront: Service;
  readonly fetch: typeof globalThis.fetch;
}

/**
 * web → storefront → checkout → orders: storefront takes the user's token and begins a transaction,
 * and nobody after it passes anything on by hand.
 */
async function openChain(kinds: readonly [AdapterName, AdapterName, AdapterName]): Promise<Chain> {
  const [storefront, checkout, orders] = await Promise.all([
    openService(),
    openService(),
    openService(),
  ]);
  const [web, a, b, c] = await Promise.all(
    ["/web", "/storefront", "/checkout", "/orders"].map((path) => shop.identity(path)),
  );
  if (!web || !a || !b || !c) throw new Error("an identity is missing");
  const common = { txnTokens: await txnTokens(), policy: () => true };
  const client = await clientOf(a);
  const toCheckout = createFetch({
    identity: a,
    peers: { [checkout.origin]: "spiffe://shop.example/checkout" },
  });
  const toOrders = createFetch({
    identity: b,
    peers: { [orders.origin]: "spiffe://shop.example/orders" },
  });
  await storefront.start(kinds[0], { ...common, identity: a }, async (content) => {
    const { turns } = content as { turns: readonly number[] };
    await yieldFor(turns[0] ?? 0);
    const subjectToken = callContext()?.userToken ?? "none";
    const transaction = await client.exchange({ scope: ["order"], subjectToken });
    return runInTransaction(transaction, async () => {
      await yieldFor(turns[1] ?? 0);
      return call(toCheckout, checkout, content);
    });
  });
  await checkout.start(kinds[1], { ...common, identity: b }, async (content) => {
    const { turns } = content as { turns: readonly number[] };
    await yieldFor(turns[2] ?? 0);
    return call(toOrders, orders, content);
  });
  await orders.start(kinds[2], { ...common, identity: c }, async () => evidence());
  const fetch = createFetch({
    identity: web,
    peers: { [storefront.origin]: "spiffe://shop.example/storefront" },
  });
  return { storefront, fetch };
}

const orders = [
  ["express", "fastify", "node:http"],
  ["fastify", "node:http", "express"],
  ["node:http", "express", "fastify"],
] as const;

describe.each(orders)("a chain of %s, %s and %s", (...kinds) => {
  it("knows at its end on whose behalf it was begun", async () => {
    const { storefront, fetch } = await openChain(kinds);
    const headers = { authorization: "Bearer token-of-alice" };
    expect(await call(fetch, storefront, { turns: [] }, headers)).toEqual({
      caller: "/checkout",
      subject: "alice",
      transaction: expect.any(String),
      scope: ["order"],
      thumbprint: expect.any(String),
    });
  });

  it("never mixes the contexts of requests that run at the same time", async () => {
    const { storefront, fetch } = await openChain(kinds);
    const turns = fc.array(fc.nat({ max: 4 }), { minLength: 3, maxLength: 3 });
    const requests = fc.array(turns, { minLength: 8, maxLength: 24 });
    let count = 0;
    await fc.assert(
      fc.asyncProperty(requests, async (delays) => {
        const calls = delays.map(async (turns) => {
          const user = `user-${count++}`;
          const headers = { authorization: `Bearer token-of-${user}` };
          const answer = await call(fetch, storefront, { turns }, headers);
          return [user, (answer as { subject: string }).subject] as const;
        });
        for (const [user, subject] of await Promise.all(calls)) expect(subject).toBe(user);
      }),
      { numRuns: 6 },
    );
    expect(callContext()).toBeUndefined();
  });
});

describe("a hop", () => {
  /** A service that begins no transaction, and one behind it that tells what it knows. */
  async function openHop(
    handler: (next: () => Promise<unknown>) => Promise<unknown>,
    context?: readonly ("transaction" | "user-token")[],
  ) {
    const [first, last] = await Promise.all([openService(), openService()]);
    const [gateway, middle, end] = await Promise.all(
      ["/gateway", "/middle", "/end"].map((path) => shop.identity(path)),
    );
    if (!gateway || !middle || !end) throw new Error("an identity is missing");
    const common = { txnTokens: await txnTokens(), policy: () => true };
    const id = "spiffe://shop.example/end";
    const peers = { [last.origin]: { id, context } };
    const fetch = createFetch({ identity: middle, peers });
    const next = () => call(fetch, last, {});
    await first.start("express", { ...common, identity: middle }, () => handler(next));
    await last.start("node:http", { ...common, identity: end }, async () => evidence());
    const client = await clientOf(gateway);
    const transaction = await client.exchange({
      scope: ["order", "read"],
      subjectToken: "token-of-alice",
    });
    const toFirst = createFetch({
      identity: gateway,
      peers: { [first.origin]: "spiffe://shop.example/middle" },
    });
    const headers = { authorization: "Bearer token-of-alice" };
    const ask = () => runInTransaction(transaction, () => call(toFirst, first, {}, headers));
    return { ask, transaction, middle };
  }

  it("passes the Txn-Token on unchanged, and keeps the user's token", async () => {
    const { ask, transaction } = await openHop((next) => next());
    expect(await ask()).toEqual({
      caller: "/middle",
      subject: "alice",
      transaction: transaction.id,
      scope: ["order", "read"],
      thumbprint: transaction.thumbprint,
    });
  });

  it("passes the user's token on where the peer is to have it", async () => {
    const { ask } = await openHop((next) => next(), ["transaction", "user-token"]);
    expect(await ask()).toMatchObject({ subject: "alice", userToken: "token-of-alice" });
  });

  it("can drop the context", async () => {
    const { ask } = await openHop((next) => withoutCallContext(next));
    expect(await ask()).toEqual({ caller: "/middle" });
  });

  it("can narrow the transaction, and not widen it again", async () => {
    const narrowed: string[] = [];
    const { ask, transaction } = await openHop(async (next) => {
      const client = await clientOf(await shop.identity("/middle"));
      const current = callContext()?.transaction;
      if (current === undefined) throw new Error("no transaction");
      const narrow = await client.narrow(current, { scope: ["read"] });
      narrowed.push(txnTokenOf(narrow));
      return runInTransaction(narrow, async () => {
        await expect(client.narrow(narrow, { scope: ["order"] })).rejects.toMatchObject({
          code: "txn_token_refused",
        });
        expect(() => runInTransaction(current, next)).toThrow(
          expect.objectContaining({ code: "context_widened" }),
        );
        return next();
      });
    });
    expect(await ask()).toMatchObject({
      subject: "alice",
      scope: ["read"],
      transaction: transaction.id,
    });
    expect(narrowed).not.toContain(txnTokenOf(transaction));
  });
});

describe("another trust domain", () => {
  async function openPartner(context?: readonly "transaction"[]) {
    const partner = await createTrustDomain("partner.example");
    partner.federate(shop);
    const ledger = await openService();
    const refused: string[] = [];
    await ledger.start(
      "fastify",
      {
        identity: await partner.identity("/ledger"),
        txnTokens: {
          ...(await txnTokens()),
          trustDomain: "partner.example",
          acceptFrom: ["shop.example"],
        },
        policy: () => true,
        observer(observation) {
          if (observation.decision === "refused") refused.push(observation.error.code);
        },
      },
      async () => evidence(),
    );
    const checkout = await shop.identity("/checkout");
    const id = "spiffe://partner.example/ledger";
    const fetch = createFetch({
      identity: checkout,
      peers: { [ledger.origin]: context === undefined ? id : { id, context } },
    });
    const client = await clientOf(checkout);
    const transaction = await client.exchange({ scope: ["read"], subjectToken: "token-of-bob" });
    const ask = () => runInTransaction(transaction, () => call(fetch, ledger, {}));
    return { ask, refused };
  }

  it("is told nothing of the transaction", async () => {
    const { ask, refused } = await openPartner();
    expect(await ask()).toEqual({ caller: "/checkout" });
    expect(refused).toEqual([]);
  });

  it("does not believe a Txn-Token of ours, where we send it one", async () => {
    const { ask, refused } = await openPartner(["transaction"]);
    await expect(ask()).rejects.toThrow(/^401/);
    expect(refused).toEqual(["transaction_domain_mismatch"]);
  });
});
