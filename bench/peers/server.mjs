// One Express server, bare or behind one of the ways.
import { once } from "node:events";
import { createServer } from "node:http";
import express from "express";
import { data, serveQuestions } from "../harness/program.mjs";
import { ways } from "./ways.mjs";

const { name, service, port } = data;
const body = JSON.stringify({ order: 42, note: "x".repeat(170) });
const app = express();
const guards = name && (await ways[name].guardOf(service, `http://localhost:${port}`));
if (guards) app.use(guards);
app.all("/v1/orders/:id", (_request, response) => response.type("json").send(body));
app.use((error, _request, response, _next) => response.status(error.status ?? 500).end());

const server = createServer(app);
server.keepAliveTimeout = 300_000; // connections wait for their next turn
await once(server.listen(port, "127.0.0.1"), "listening");
serveQuestions("ready", () => "served");
