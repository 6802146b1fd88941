// The service that calls, over undici: plain, with proofs, by session, with a bare signature or MAC, with
// mutual TLS, or to a proxy beside it.

import { proveRequests } from "@firsthand/node/undici";
import { loadIdentity } from "@firsthand/testing";
import { Agent, request } from "undici";
import { data, serveQuestions } from "../harness/program.mjs";
import { median, quantile } from "../harness/statistics.mjs";
import { drive } from "../load/drive.mjs";
import { bareField, bareProver } from "./bare.mjs";
import { calleeId } from "./trust.mjs";

const { trust, modes } = data;
const identity = await loadIdentity(trust.caller);
const agentOptions = { connections: 256, pipelining: 1 };
const tls = {
  cert: trust.callerPem.chainPem,
  key: trust.callerPem.privateKeyPem,
  ca: trust.rootPem,
  servername: "localhost",
};

function dispatcherOf({ kind, origin }) {
  if (kind === "mutualTls") return new Agent({ ...agentOptions, connect: tls });
  const sessions = { firsthand: "off", sessions: "on" }[kind];
  if (sessions === undefined) return new Agent(agentOptions);
  const proving = proveRequests({ identity, peers: { [origin]: calleeId }, sessions });
  return new Agent(agentOptions).compose(proving);
}

const dispatchers = Object.fromEntries(
  Object.entries(modes).map(([name, mode]) => [name, dispatcherOf(mode)]),
);

function callOf(name) {
  const { kind, origin } = modes[name];
  const url = new URL("/v1/orders/42", origin);
  const dispatcher = dispatchers[name];
  const proveBarely = kind.startsWith("bare") ? bareProver(kind, trust) : undefined;
  return async () => {
    const headers = proveBarely && { [bareField]: proveBarely() };
    const { statusCode, body } = await request(url, { dispatcher, headers });
    await body.text();
    if (statusCode !== 200) throw new Error(`${name} answered ${statusCode}`);
  };
}

const calls = Object.fromEntries(Object.keys(modes).map((name) => [name, callOf(name)]));

serveQuestions("ready", async ({ name, load }) => {
  const { took, seconds } = await drive(calls[name], load);
  return { p50: median(took), p99: quantile(took, 0.99), perSecond: load.count / seconds };
});
