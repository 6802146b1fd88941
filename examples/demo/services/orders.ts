import { createWriteStream } from "node:fs";
import { allow, combineObservers } from "@firsthand/core";
import { createAudit } from "@firsthand/core/audit";
import { refusalHandler, workloadAuth } from "@firsthand/fastify";
import { auditStream, createFetch, diagnosticsObserver } from "@firsthand/node";
import Fastify from "fastify";
import { takePart } from "../process/child.js";
import { clock, setForward } from "../process/clock.js";
import { joinShop } from "../process/join-shop.js";
import { namedFetch } from "../process/named-fetch.js";
import { txnTokens } from "../process/transactions.js";
import { postJson } from "./post-json.js";
import { welcome } from "./welcome.js";

const identity = await joinShop();

const fetch = createFetch({
  identity,
  peers: { "http://ledger.localhost": "spiffe://shop.example/ledger" },
  fetch: namedFetch,
});

// Nothing is decided that is not on record.
const log = createWriteStream(process.env["AUDIT_LOG"] ?? "audit.jsonl");
const audit = createAudit({ service: "orders", sink: auditStream(log) });

const app = Fastify();
app.setErrorHandler(refusalHandler);
await app.register(workloadAuth, {
  identity,
  origin: "http://orders.localhost",
  policy: allow("spiffe://shop.example/checkout"),
  observer: combineObservers(audit.observer, diagnosticsObserver()),
  txnTokens,
  signedResponses: { identity },
  clock,
});

app.post("/orders", async (request, reply) => {
  const next = await postJson(fetch, "http://ledger.localhost/entries", request.body);
  const status = next.status === 201 ? 201 : 502;
  return reply.code(status).send({ ...welcome(request.caller), next });
});
app.delete("/orders", (request) => welcome(request.caller));
app.post("/refunds", (request) => welcome(request.caller));

await app.listen({ host: "127.0.0.1", port: 0 });
await takePart(app.server, { setForward });
