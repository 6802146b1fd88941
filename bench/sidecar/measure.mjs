import { execFileSync } from "node:child_process";
import { startProgram } from "../harness/child.mjs";
import { freePort } from "../harness/free-port.mjs";
import { interleave } from "../harness/interleave.mjs";
import { nodePath } from "../harness/node-versions.mjs";
import { residentMebibytes, usageDuring } from "../harness/process-usage.mjs";
import { printTable } from "../harness/report.mjs";
import { createBenchTrust } from "../services/trust.mjs";
import { envoy } from "./envoy.mjs";
import { figuresOf } from "./figures.mjs";
import { haproxy } from "./haproxy.mjs";
import { nginx } from "./nginx.mjs";
import { startPair } from "./pair.mjs";
import { createPairFiles } from "./pair-files.mjs";

const caller = new URL("../services/caller.mjs", import.meta.url);
const callee = new URL("../services/callee.mjs", import.meta.url);
/** What is proved with each request, and how. */
const inEachRequest = ["firsthand", "sessions", "bareSignature", "bareMac"];
const sizes = {
  smoke: {
    nodes: ["here"],
    rounds: 1,
    one: 5,
    saturated: 20,
    open: 20,
    memory: 10,
    warmup: 5,
    proxies: {},
  },
  short: { nodes: ["20", "24"], rounds: 12, one: 150, saturated: 2000, open: 1000 },
  full: { nodes: ["20", "24"], rounds: 40, one: 200, saturated: 3000, open: 2000 },
};

/** What it adds to a call to prove it, to speak mutual TLS, or to go through two proxies that do. */
export async function measure(size) {
  const { nodes, proxies = { haproxy, nginx, envoy }, ...counts } = sizes[size];
  const runs = [];
  for (const node of nodes) {
    const trust = await createBenchTrust();
    const run = await measureOn(nodePath(node), trust, proxies, counts);
    runs.push(run);
    for (const [load, rows] of Object.entries(run.loads))
      printTable(`Node ${run.node}, ${load}`, rows);
    printTable("resident memory, MiB", { MiB: run.memory });
  }
  return { runs };
}

async function measureOn(execPath, trust, proxies, counts) {
  const files = createPairFiles(trust);
  const ports = {};
  for (const kind of ["plain", ...inEachRequest, "mutualTls"]) ports[kind] = await freePort();
  const stops = [files.remove];
  try {
    const server = await startProgram(callee, { execPath, data: { trust, ports } });
    stops.unshift(server.stop);
    const pairs = {};
    for (const [name, proxy] of Object.entries(proxies)) {
      pairs[name] = await startPair(name, proxy, files, ports.plain);
      stops.unshift(pairs[name].near.stop, pairs[name].far.stop);
    }
    const modes = modesOf(ports, pairs);
    const client = await startProgram(caller, { execPath, data: { trust, modes } });
    stops.unshift(client.stop);
    const pids = { client: client.pid, server: server.pid };
    const pidsOf = (name) => ({
      ...pids,
      ...(pairs[name] && { near: pairs[name].near.pid, far: pairs[name].far.pid }),
    });
    const loads = {
      "one in flight": { count: counts.one, inFlight: 1 },
      saturated: { count: counts.saturated, inFlight: 32 },
      "1,000 requests/s": { count: counts.open, perSecond: 1000 },
    };
    for (const name of Object.keys(modes)) {
      await client.ask({ name, load: { count: counts.warmup ?? 5000, inFlight: 32 } });
    }
    const rowsByLoad = {};
    for (const [title, load] of Object.entries(loads)) {
      const acts = Object.fromEntries(
        Object.keys(modes).map((name) => [
          name,
          () => measureBlock(client, name, load, pidsOf(name)),
        ]),
      );
      rowsByLoad[title] = figuresOf(await interleave(acts, { rounds: counts.rounds }));
    }
    return {
      node: versionOf(execPath),
      loads: rowsByLoad,
      memory: await memoryOf(execPath, trust, pairs, counts.memory ?? 2000),
    };
  } finally {
    for (const stop of stops) await stop();
  }
}

function modesOf(ports, pairs) {
  const direct = { kind: "direct", origin: `http://127.0.0.1:${ports.plain}` };
  const through = Object.entries(pairs).map(([name, { origin }]) => [
    name,
    { kind: "direct", origin },
  ]);
  return {
    direct,
    "direct again": direct,
    ...Object.fromEntries(
      inEachRequest.map((kind) => [kind, { kind, origin: `http://localhost:${ports[kind]}` }]),
    ),
    mutualTls: { kind: "mutualTls", origin: `https://127.0.0.1:${ports.mutualTls}` },
    ...Object.fromEntries(through),
  };
}

async function measureBlock(client, name, load, pids) {
  const { result, cpu } = await usageDuring(pids, () => client.ask({ name, load }));
  const perRequest = Object.entries(cpu).map(([process, used]) => [process, used / load.count]);
  return { ...result, cpu: Object.fromEntries(perRequest) };
}

/** A service alone and the same with proofs, after some calls; and the proxies as they are now. */
async function memoryOf(execPath, trust, pairs, count) {
  const sizes = {};
  for (const kind of ["plain", "firsthand"]) {
    const ports = { [kind]: await freePort() };
    const server = await startProgram(callee, { execPath, data: { trust, ports, only: kind } });
    const origin =
      kind === "plain" ? `http://127.0.0.1:${ports.plain}` : `http://localhost:${ports.firsthand}`;
    const modes = { [kind]: { kind, origin } };
    const client = await startProgram(caller, { execPath, data: { trust, modes } });
    await client.ask({ name: kind, load: { count, inFlight: 8 } });
    sizes[`service, ${kind}`] = residentMebibytes(server.pid);
    await client.stop();
    await server.stop();
  }
  for (const [name, { near, far }] of Object.entries(pairs)) {
    sizes[name] = (residentMebibytes(near.pid) + residentMebibytes(far.pid)) / 2;
  }
  return sizes;
}

function versionOf(execPath) {
  return execFileSync(execPath, ["-v"], { encoding: "utf8" }).trim();
}
