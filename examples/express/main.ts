import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createTrustDomain } from "@firsthand/testing";
import { placeOrder } from "./client.js";
import { createOrders } from "./server.js";

// In production an identity comes from the Workload API; here from a trust domain of this process.
const trustDomain = await createTrustDomain("shop.example");

const server = createServer().listen(0, "127.0.0.1");
await once(server, "listening");
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
server.on("request", createOrders(await trustDomain.identity("/orders"), origin));

const calls = [
  { caller: "checkout", expected: 201, answer: await placeOrderAs("/checkout") },
  { caller: "newsletter", expected: 403, answer: await placeOrderAs("/newsletter") },
  { caller: "nobody", expected: 401, answer: await fetch(`${origin}/orders`, { method: "POST" }) },
];
for (const { caller, expected, answer } of calls) {
  console.log(`${caller}: ${answer.status} ${await answer.text()}`);
  if (answer.status !== expected) process.exitCode = 1;
}
server.close();
server.closeAllConnections();

async function placeOrderAs(workload: string): Promise<Response> {
  return placeOrder(await trustDomain.identity(workload), origin);
}
