import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createFetch, openWorkloadIdentity } from "@firsthand/node";
import { mutualTlsServer } from "@firsthand/node/tls";
import { mutualTlsDispatcher } from "@firsthand/node/undici";
import { createTrustDomain, serveWorkloadApi } from "@firsthand/testing";
import * as undici from "undici";
import { createOrders } from "./orders.js";

// In production each process opens the identity that SPIRE's agent has for it.
const trustDomain = await createTrustDomain("shop.example");
const open = async (workload: string) => {
  const agent = await serveWorkloadApi({ trustDomain, workloads: [workload] });
  return { agent, identity: await openWorkloadIdentity({ address: agent.address }) };
};
const orders = await open("/orders");
const checkout = await open("/checkout");

const server = mutualTlsServer((tls) => createServer(tls), {
  identity: orders.identity,
  peers: ["spiffe://shop.example"],
});
await once(server.listen(0, "127.0.0.1"), "listening");
const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
server.on("request", createOrders(orders.identity, origin));

const peers = {
  [origin]: { id: "spiffe://shop.example/orders", accept: ["svid-proof-1"] },
} as const;
const dispatcher = mutualTlsDispatcher({ identity: checkout.identity, peers });
const overTls = (url: string, init?: undici.RequestInit) =>
  undici.fetch(url, { ...init, dispatcher });
const fetch = createFetch({ identity: checkout.identity, peers, fetch: overTls });

async function show(expected: number, what: string, answer: Promise<Answer>): Promise<void> {
  const { status, text } = await answer.then(async (response) => ({
    status: response.status,
    text: await response.text(),
  }));
  console.log(`${what}: ${status} ${text}`);
  if (status !== expected) process.exitCode = 1;
}
type Answer = Pick<Response, "status" | "text">;
const order = { method: "POST", headers: { "content-type": "application/json" }, body: '{"n":1}' };

await show(200, "read, by the connection", overTls(`${origin}/orders`));
await show(403, "order, by the connection", overTls(`${origin}/orders`, order));
await show(200, "order, with a proof", fetch(`${origin}/orders`, order));

await orders.agent.rotate();
await checkout.agent.rotate();
await show(200, "order, after both were issued new credentials", fetch(`${origin}/orders`, order));

await dispatcher.close();
server.close();
for (const { agent, identity } of [orders, checkout]) {
  await identity.close();
  await agent.close();
}
