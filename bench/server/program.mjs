// One server of one framework, with as much of Firsthand as it is told.
import { createServer } from "node:http";
import { allow, anyOf } from "@firsthand/core";
import { requireCaller } from "@firsthand/core/http";
import * as expressAuth from "@firsthand/express";
import * as fastifyAuth from "@firsthand/fastify";
import { loadIdentity } from "@firsthand/testing";
import express from "express";
import fastify from "fastify";
import { data, serveQuestions } from "../harness/program.mjs";
import { callerId } from "../services/trust.mjs";

const { framework, mode, port, trust } = data;
const identity = await loadIdentity(trust.callee);
const body = JSON.stringify({ order: 42, note: "x".repeat(170) });
const rules = Array.from({ length: 999 }, (_, at) => `spiffe://bench.example/other/${at}`);
let recorded = 0;
function observer() {
  recorded++;
}
const options = {
  identity,
  origin: `http://localhost:${port}`,
  policy: mode === "full" ? anyOf(allow(...rules, callerId)) : allow(callerId),
  ...(mode === "full" ? { observer } : {}),
};
const isBare = mode === "none";

function answer(_request, response) {
  response.setHeader("content-type", "application/json");
  response.end(body);
}

const frameworks = {
  async node() {
    const listener = isBare ? answer : requireCaller(options, answer);
    await new Promise((resolve) => createServer(listener).listen(port, "127.0.0.1", resolve));
  },
  async express() {
    const app = express();
    if (!isBare) app.use(expressAuth.workloadAuth(options));
    app.all("/v1/orders/:id", (_request, response) => response.type("json").send(body));
    if (!isBare) app.use(expressAuth.refusalHandler);
    await new Promise((resolve) => app.listen(port, "127.0.0.1", resolve));
  },
  async fastify() {
    const app = fastify();
    if (!isBare) await app.register(fastifyAuth.workloadAuth, options);
    if (!isBare) app.setErrorHandler(fastifyAuth.refusalHandler);
    app.all("/v1/orders/:id", (_request, reply) => reply.type("application/json").send(body));
    await app.listen({ port, host: "127.0.0.1" });
  },
};
await frameworks[framework]();
serveQuestions("ready", () => ({ recorded }));
