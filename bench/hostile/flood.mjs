import { startProgram } from "../harness/child.mjs";
import { freePort } from "../harness/free-port.mjs";
import { allowedCores, waitedMicroseconds } from "../harness/process-usage.mjs";
import { shuffled, summary } from "../harness/statistics.mjs";

const program = new URL("../server/program.mjs", import.meta.url);
const sender = new URL("../load/sender.mjs", import.meta.url);
const flooder = new URL("flooder.mjs", import.meta.url);

/** The server has a core of its own; who calls shares the rest. */
const [serverCore, ...otherCores] = allowedCores();
const serverCores = otherCores.length === 0 ? undefined : serverCore;
const callerCores = otherCores.length === 0 ? undefined : otherCores.join(",");

/**
 * The latency of honest callers, alone and while bad proofs arrive three times as fast as the server
 * accepts good ones, by the names of `kinds`. A flood begins before honest callers do, and ends after.
 */
export async function measureFlood({ execPath, trust, rounds, seconds, honestPerSecond, kinds }) {
  const port = await freePort();
  const data = { framework: "node", mode: "verify", port, trust };
  const callers = { execPath, cores: callerCores, data: { trust } };
  const programs = [
    await startProgram(program, { execPath, cores: serverCores, data }),
    await startProgram(sender, callers),
    await startProgram(flooder, callers),
  ];
  const [server, honest, hostile] = programs;
  try {
    const full = { port, kind: {}, load: { count: 2000 * seconds, inFlight: 32 } };
    await honest.ask(full);
    const capacity = (await honest.ask(full)).perSecond;
    const calm = {
      port,
      kind: {},
      load: { count: honestPerSecond * seconds, perSecond: honestPerSecond },
    };

    async function block(kind) {
      if (kind !== undefined) await hostile.ask({ port, perSecond: 3 * capacity, ...kind });
      const began = performance.now();
      const waitedBefore = waitedMicroseconds(server.pid);
      const { p50, p99 } = await honest.ask(calm);
      const waited = (waitedMicroseconds(server.pid) - waitedBefore) / 1000;
      const waitedPercent = (100 * waited) / (performance.now() - began);
      const flood = kind === undefined ? { perSecond: 0, statuses: {} } : await hostile.ask("stop");
      if (flood.statuses[200] !== undefined) throw new Error("a bad proof was accepted");
      return { p50, p99, floodPerSecond: flood.perSecond, waitedPercent };
    }

    const acts = { alone: undefined, "alone again": undefined, ...kinds };
    const samples = Object.fromEntries(Object.keys(acts).map((name) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const name of shuffled(Object.keys(acts))) samples[name].push(await block(acts[name]));
    }
    return { capacity, ...figuresOf(samples) };
  } finally {
    for (const each of programs) await each.stop();
  }
}

function figuresOf(samples) {
  const rows = Object.fromEntries(
    Object.entries(samples).map(([name, blocks]) => {
      const p99 = summary(blocks.map((block) => block.p99));
      return [
        name,
        {
          "p50 µs": summary(blocks.map((block) => block.p50)).median,
          "p99 µs": p99.median,
          "p99 low": p99.low,
          "p99 high": p99.high,
          "bad proofs/s": summary(blocks.map((block) => block.floodPerSecond)).median,
          "server without core, %": summary(blocks.map((block) => block.waitedPercent)).median,
        },
      ];
    }),
  );
  const ratios = Object.fromEntries(
    Object.entries(rows).map(([name, row]) => [name, row["p99 µs"] / rows.alone["p99 µs"]]),
  );
  return { rows, ratios };
}
