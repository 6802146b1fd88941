// One server of one framework, with as much of Firsthand as it is told.
import { once } from "node:events";
import { createServer } from "node:http";
import { allow, createRuleSet } from "@firsthand/core";
import { requireCaller } from "@firsthand/core/http";
import * as expressAuth from "@firsthand/express";
import * as fastifyAuth from "@firsthand/fastify";
import { loadIdentity } from "@firsthand/testing";
import express from "express";
import fastify from "fastify";
import { data, serveQuestions } from "../harness/program.mjs";
import { callerId } from "../services/trust.mjs";
import { rawVerify, rawVerifyInPool } from "./raw-verify.mjs";

const keepAliveTimeout = 300_000; // connections wait for their next turn
const { framework, mode, port, trust } = data;
const identity = await loadIdentity(trust.callee);
const body = JSON.stringify({ order: 42, note: "x".repeat(170) });
/** A thousand rules, of which the last one is about the caller. */
function ruleSet() {
  const others = Array.from({ length: 999 }, (_, at) => `spiffe://bench.example/other/${at}`);
  const rules = [...others, callerId].map((id, at) => ({
    name: `rule ${at}`,
    effect: "allow",
    callers: [id],
    methods: ["GET", "POST"],
    paths: ["/v1/orders/*"],
  }));
  return createRuleSet({ rules }).decide;
}
let recorded = 0;
function observer() {
  recorded++;
}
const options = {
  identity,
  origin: `http://localhost:${port}`,
  policy: mode === "full" ? ruleSet() : allow(callerId),
  ...(mode === "full" ? { observer } : {}),
  ...(mode === "verify in pool" ? { signatureChecks: "thread-pool" } : {}),
};
const isBare = mode === "none";

function answer(_request, response) {
  response.setHeader("content-type", "application/json");
  response.end(body);
}

/** Nothing but one bare verification before the answer: on the event loop, or in the thread pool. */
const bare = {
  none: answer,
  raw(request, response) {
    rawVerify();
    answer(request, response);
  },
  pool: (request, response) => rawVerifyInPool(() => answer(request, response)),
};

async function listen(server) {
  server.keepAliveTimeout = keepAliveTimeout;
  await once(server.listen(port, "127.0.0.1"), "listening");
}

const frameworks = {
  async node() {
    const listener = bare[mode] ?? requireCaller(options, answer);
    await listen(createServer(listener));
  },
  async express() {
    const app = express();
    if (!isBare) app.use(expressAuth.workloadAuth(options));
    app.all("/v1/orders/:id", (_request, response) => response.type("json").send(body));
    if (!isBare) app.use(expressAuth.refusalHandler);
    await listen(createServer(app));
  },
  async fastify() {
    const app = fastify({ keepAliveTimeout });
    if (!isBare) await app.register(fastifyAuth.workloadAuth, options);
    if (!isBare) app.setErrorHandler(fastifyAuth.refusalHandler);
    app.all("/v1/orders/:id", (_request, reply) => reply.type("application/json").send(body));
    await app.listen({ port, host: "127.0.0.1" });
  },
};
await frameworks[framework]();
serveQuestions("ready", () => ({ recorded }));
