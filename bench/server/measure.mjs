import { startProgram } from "../harness/child.mjs";
import { freePort } from "../harness/free-port.mjs";
import { interleave } from "../harness/interleave.mjs";
import { nodePath } from "../harness/node-versions.mjs";
import { residentMebibytes, usageDuring } from "../harness/process-usage.mjs";
import { printTable } from "../harness/report.mjs";
import { median } from "../harness/statistics.mjs";
import { createBenchTrust } from "../services/trust.mjs";
import { rawVerifyMicroseconds } from "./raw-verify.mjs";

const program = new URL("program.mjs", import.meta.url);
const sender = new URL("../load/sender.mjs", import.meta.url);
const sizes = {
  smoke: { frameworks: ["node"], modes: ["none", "verify"], inFlight: [4], rounds: 1, count: 20 },
  short: {
    frameworks: ["node"],
    modes: ["none", "verify"],
    inFlight: [1, 32],
    rounds: 15,
    count: 3000,
  },
  full: {
    frameworks: ["node", "fastify", "express"],
    modes: ["none", "verify", "full"],
    inFlight: [1, 32, 256],
    rounds: 15,
    count: 2000,
  },
};

/** What verification takes of a server's requests per second, framework by framework. */
export async function measure(size) {
  const { frameworks, modes, inFlight, rounds, count } = sizes[size];
  const trust = await createBenchTrust();
  const execPath = nodePath(size === "smoke" ? "here" : "24");
  const servers = {};
  const client = await startProgram(sender, { execPath, data: { trust } });
  const runs = [];
  try {
    for (const framework of frameworks) {
      const own = framework === "node" ? ["raw", "pool", "verify in pool"] : [];
      for (const mode of [...modes, ...own]) {
        const port = await freePort();
        const server = await startProgram(program, {
          execPath,
          data: { framework, mode, port, trust },
        });
        servers[`${framework}, ${mode}`] = { ...server, port, kind: kindOf(mode) };
      }
    }
    const twin = servers[`${frameworks[0]}, none`];
    const measured = { ...servers, "A/A": twin };
    for (const flight of inFlight) {
      const load = { count, inFlight: flight };
      const acts = Object.fromEntries(
        Object.entries(measured).map(([name, server]) => [name, () => block(client, server, load)]),
      );
      acts["raw verify"] = () => rawVerifyMicroseconds(size === "smoke" ? 10 : 2000);
      const samples = await interleave(acts, { rounds });
      const run = { inFlight: flight, ...figuresOf(samples, frameworks) };
      runs.push(run);
      printTable(`${flight} in flight, µs`, run.rows);
      console.log(run.ratios);
    }
    return { runs, memory: memoryOf(servers) };
  } finally {
    await client.stop();
    for (const server of Object.values(servers)) await server.stop();
  }
}

function kindOf(mode) {
  const isProved = !["none", "raw", "pool"].includes(mode);
  return { isProved, ...(mode === "full" ? { bodyBytes: 1024 } : {}) };
}

async function block(client, { pid, port, kind }, load) {
  const { result, cpu } = await usageDuring({ pid }, () => client.ask({ port, load, kind }));
  if (result.statuses[200] !== load.count) throw new Error(JSON.stringify(result.statuses));
  return { ...result, cpu: cpu.pid / load.count };
}

function figuresOf(samples, frameworks) {
  const { "raw verify": raw, ...servers } = samples;
  const rawMicroseconds = median(raw);
  const rows = Object.fromEntries(
    Object.entries(servers).map(([name, blocks]) => [
      name,
      {
        "requests/s": median(blocks.map(({ perSecond }) => perSecond)),
        p50: median(blocks.map(({ p50 }) => p50)),
        p99: median(blocks.map(({ p99 }) => p99)),
        "server CPU": median(blocks.map(({ cpu }) => cpu)),
        "sender CPU": median(blocks.map(({ senderCpu }) => senderCpu)),
      },
    ]),
  );
  const ratios = { "A/A": ratioOf(servers, "A/A", `${frameworks[0]}, none`) };
  for (const framework of frameworks) {
    const none = rows[`${framework}, none`];
    const allowed = 1e6 / (1e6 / none["requests/s"] + rawMicroseconds);
    ratios[`${framework}: requests/s ÷ what bare handler and raw verify allow`] =
      rows[`${framework}, verify`]["requests/s"] / allowed;
    ratios[`${framework}: the same by CPU of the server`] =
      (none["server CPU"] + rawMicroseconds) / rows[`${framework}, verify`]["server CPU"];
  }
  return { rawVerifyMicroseconds: rawMicroseconds, rows, ratios };
}

function ratioOf(servers, one, other) {
  const perSecond = (name) => median(servers[name].map((each) => each.perSecond));
  return perSecond(one) / perSecond(other);
}

function memoryOf(servers) {
  return Object.fromEntries(
    Object.entries(servers).map(([name, { pid }]) => [name, residentMebibytes(pid)]),
  );
}
