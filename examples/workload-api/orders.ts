// The orders service, as it would run beside an agent of SPIRE: SPIFFE_ENDPOINT_SOCKET says where.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { allow } from "@firsthand/core";
import { refusalHandler, workloadAuth } from "@firsthand/express";
import { healthHandler, openWorkloadIdentity } from "@firsthand/node";
import express from "express";

const identity = await openWorkloadIdentity({ expectedTrustDomain: "shop.example" });
identity.subscribe(({ status, reason }) => console.log(`orders is ${status}`, reason?.code ?? ""));

const server = createServer().listen(Number(process.env["PORT"] ?? 0), "127.0.0.1");
await once(server, "listening");
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const app = express();
app.get("/ready", healthHandler(identity));
app.use(workloadAuth({ identity, origin, policy: allow("spiffe://shop.example/checkout") }));
app.use(express.json());
app.post("/orders", (request, response) => {
  response.status(201).json({ order: request.body, from: request.caller.id.toString() });
});
app.use(refusalHandler);
server.on("request", app);

console.log(`orders listens on ${origin}`);
process.once("SIGTERM", async () => {
  server.close();
  server.closeAllConnections();
  await identity.close();
});
