import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { allow, createProver, memorySessions } from "@firsthand/core";
import { requireCaller } from "@firsthand/core/http";
import { createTrustDomain } from "@firsthand/testing";
import { calleeId, callerId, headers } from "./scene.mjs";

const file = fileURLToPath(new URL("./load.mjs", import.meta.url));
const body = JSON.stringify({
  orders: Array.from({ length: 8 }, (_, id) => ({ id, sku: "book" })),
});

/**
 * Requests in a second of one `node:http` process whose handler sends 200 bytes, behind requireCaller with
 * sessions and without anything. The load is made of proofs that were made before.
 */
export async function measureHandler({ rounds, count }) {
  const shop = await createTrustDomain("shop.example");
  const [checkout, orders] = [await shop.identity(callerId), await shop.identity(calleeId)];
  let listener = () => undefined;
  const server = createServer((request, response) => void listener(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address();
  const origin = `http://127.0.0.1:${port}`;
  const plain = (_request, response) => response.end(body);
  const options = { identity: orders, origin, policy: allow(callerId), replay: undefined };
  const verified = requireCaller({ ...options, sessions: memorySessions() }, plain);
  const prover = createProver({
    identity: checkout,
    peers: { [origin]: calleeId },
    sessions: "on",
  });
  const load = fork(file, [String(port)]);
  await once(load, "message");

  const rates = { plain: [], verified: [] };
  for (let round = -1; round < rounds; round++) {
    for (const [name, next] of [
      ["plain", plain],
      ["verified", verified],
    ]) {
      listener = next;
      const requests = await provedRequests(prover, origin, count, name === "verified");
      const cpuBefore = process.cpuUsage();
      load.send(requests);
      const [{ seconds, failed }] = await once(load, "message");
      if (failed > 0) throw new Error(`${failed} requests of ${name} failed`);
      const { user, system } = process.cpuUsage(cpuBefore);
      if (round >= 0) rates[name].push({ rate: count / seconds, cpu: (user + system) / count });
    }
  }
  load.kill();
  server.closeAllConnections();
  server.close();
  return rates;
}

const base = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");

async function provedRequests(prover, origin, count, isProved) {
  const url = new URL(`${origin}/v1/orders?dry=1`);
  const requests = [];
  for (let i = 0; i < count; i++) {
    let proof = "";
    if (isProved) {
      let made = await prover.prove({ method: "GET", url, headers });
      while (made.format !== "svid-session-1") made = await openSession(made, prover, url);
      proof = made.headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
      await made.answered({ status: 200, header: () => undefined });
    }
    requests.push(`GET /v1/orders?dry=1 HTTP/1.1\r\n${base}${proof}\r\n`);
  }
  return requests;
}

async function openSession(made, prover, url) {
  const response = await fetch(url, { headers: Object.fromEntries(made.headers) });
  await response.text();
  await made.answered?.({ status: response.status, header: (name) => response.headers.get(name) });
  return prover.prove({ method: "GET", url, headers });
}
