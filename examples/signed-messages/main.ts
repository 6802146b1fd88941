import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { createTrustDomain } from "@firsthand/testing";
import { placeOrder } from "./client.js";
import { createGateway, type Meddling } from "./gateway.js";
import { createOrders } from "./server.js";

// In production an identity comes from the Workload API; here from a trust domain of this process.
const trustDomain = await createTrustDomain("shop.example");
const checkout = await trustDomain.identity("/checkout");

let meddling: Meddling = "nothing";
const server = createServer();
const gateway = createGateway(
  () => portOf(server),
  () => meddling,
);
await Promise.all([listen(server), listen(gateway)]);
const origin = `http://127.0.0.1:${portOf(gateway)}`;
server.on("request", createOrders(await trustDomain.identity("/orders"), origin));

const expected: Record<Meddling, string> = {
  nothing: "201 from spiffe://shop.example/orders",
  "the tenant": "response_unsigned",
  "the body": "response_unsigned",
  "the answer": "response_invalid",
};
for (meddling of Object.keys(expected) as Meddling[]) {
  const outcome = await placeOrder(checkout, origin).then(
    ({ status }) => `${status} from spiffe://shop.example/orders`,
    ({ code }: { code: string }) => code,
  );
  console.log(`the gateway changes ${meddling}: ${outcome}`);
  if (outcome !== expected[meddling]) process.exitCode = 1;
}
for (const open of [server, gateway]) {
  open.close();
  open.closeAllConnections();
}

async function listen(open: Server): Promise<void> {
  await once(open.listen(0, "127.0.0.1"), "listening");
}

function portOf(open: Server): number {
  return (open.address() as AddressInfo).port;
}
