// The service that is called: the same handler plain, behind Firsthand, with sessions and without, behind
// the check of a bare signature or MAC, and behind mutual TLS.
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { allow, memorySessions } from "@firsthand/core";
import { requireCaller } from "@firsthand/core/http";
import { loadIdentity } from "@firsthand/testing";
import { data, serveQuestions } from "../harness/program.mjs";
import { bareListener } from "./bare.mjs";
import { callerId } from "./trust.mjs";

const { trust, ports, only } = data;
const body = JSON.stringify({ order: 42, note: "x".repeat(170) });

function answer(_request, response) {
  response.setHeader("content-type", "application/json");
  response.end(body);
}

async function firsthand(port, more = {}) {
  const identity = await loadIdentity(trust.callee);
  const origin = `http://localhost:${port}`;
  const options = { identity, origin, policy: allow(callerId), ...more };
  return createServer(requireCaller(options, answer));
}

const sessions = (port) => firsthand(port, { sessions: memorySessions() });

function mutualTls() {
  const { chainPem, privateKeyPem } = trust.calleePem;
  const tls = { cert: chainPem, key: privateKeyPem, ca: trust.rootPem, requestCert: true };
  return createTlsServer({ ...tls, rejectUnauthorized: true, minVersion: "TLSv1.3" }, answer);
}

const bare = (kind) => () => createServer(bareListener(kind, trust, answer));
const kinds = {
  plain: () => createServer(answer),
  firsthand,
  sessions,
  bareSignature: bare("bareSignature"),
  bareMac: bare("bareMac"),
  mutualTls,
};
for (const [kind, port] of Object.entries(ports)) {
  if (only !== undefined && only !== kind) continue;
  const server = await kinds[kind](port);
  server.keepAliveTimeout = 300_000; // connections wait for their next turn
  await once(server.listen(port, "127.0.0.1"), "listening");
}
serveQuestions("ready", () => process.memoryUsage.rss() / 2 ** 20);
