import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createFetch, openKeySet } from "@firsthand/node";
import { createTrustDomain, serveTxnTokens } from "@firsthand/testing";
import { createCheckout } from "./checkout.js";
import { createOrders } from "./orders.js";
import { createStorefront } from "./storefront.js";

// A trust domain in place of SPIRE, and a transaction token service that knows the shop's customers.
const trustDomain = await createTrustDomain("shop.example");
const service = await serveTxnTokens({
  trustDomain,
  readSubject: ({ value }) =>
    value === "token-of-alice" ? { subject: "alice", scope: ["order", "pay"] } : undefined,
});
const keys = await openKeySet({ url: service.keySetUrl });

const [storefront, checkout, orders] = [await listen(), await listen(), await listen()];
const shop = {
  origins: {
    storefront: originOf(storefront),
    checkout: originOf(checkout),
    orders: originOf(orders),
  },
  txnTokens: { trustDomain: "shop.example", keys },
  service: { url: service.url, service: service.id.toString() },
};
storefront.on("request", createStorefront(await trustDomain.identity("/storefront"), shop));
const checkoutApp = await createCheckout(await trustDomain.identity("/checkout"), shop);
await checkoutApp.ready();
checkout.on("request", checkoutApp.routing as RequestListener);
orders.on("request", createOrders(await trustDomain.identity("/orders"), shop));

// The web application proves itself and brings the token of its user.
const fetch = createFetch({
  identity: await trustDomain.identity("/web"),
  peers: { [shop.origins.storefront]: "spiffe://shop.example/storefront" },
});
const bought = await fetch(`${shop.origins.storefront}/buy`, {
  method: "POST",
  headers: { authorization: "Bearer token-of-alice" },
});
const answer = await bought.json();
console.log(answer);

const checkoutId = "spiffe://shop.example/checkout";
const expected = {
  whole: { caller: checkoutId, customer: "alice", scope: ["order", "pay"] },
  narrowed: { caller: checkoutId, customer: "alice", scope: ["order"] },
};
if (JSON.stringify(answer) !== JSON.stringify(expected)) process.exitCode = 1;

// Checkout itself, on nobody's behalf.
const alone = createFetch({
  identity: await trustDomain.identity("/checkout"),
  peers: { [shop.origins.orders]: "spiffe://shop.example/orders" },
});
const refused = await alone(`${shop.origins.orders}/orders`, { method: "POST" });
console.log(`checkout on nobody's behalf: ${refused.status}`);
if (refused.status !== 403) process.exitCode = 1;

await Promise.all([keys.close(), service.close()]);
for (const server of [storefront, checkout, orders]) {
  server.close();
  server.closeAllConnections();
}

async function listen(): Promise<Server> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
