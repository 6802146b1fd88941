import { allow } from "@firsthand/core";
import { refusalHandler, workloadAuth } from "@firsthand/fastify";
import { createFetch, diagnosticsObserver } from "@firsthand/node";
import Fastify from "fastify";
import { takePart } from "../process/child.js";
import { clock, setForward } from "../process/clock.js";
import { joinShop } from "../process/join-shop.js";
import { namedFetch } from "../process/named-fetch.js";
import { postJson } from "./post-json.js";

const identity = await joinShop();

const fetch = createFetch({
  identity,
  peers: { "http://ledger.localhost": "spiffe://shop.example/ledger" },
  fetch: namedFetch,
});

const app = Fastify();
app.setErrorHandler(refusalHandler);
await app.register(workloadAuth, {
  identity,
  origin: "http://orders.localhost",
  policy: allow("spiffe://shop.example/checkout"),
  observer: diagnosticsObserver(),
  clock,
});

app.post("/orders", async (request, reply) => {
  const next = await postJson(fetch, "http://ledger.localhost/entries", request.body);
  const status = next.status === 201 ? 201 : 502;
  return reply.code(status).send({ caller: request.caller.id.toString(), next });
});
app.delete("/orders", (request) => ({ caller: request.caller.id.toString() }));
app.post("/refunds", (request) => ({ caller: request.caller.id.toString() }));

await app.listen({ host: "127.0.0.1", port: 0 });
await takePart(app.server, { setForward });
