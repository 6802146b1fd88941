import { startProgram } from "../harness/child.mjs";
import { freePort } from "../harness/free-port.mjs";
import { shuffled, summary } from "../harness/statistics.mjs";

const program = new URL("../server/program.mjs", import.meta.url);
const sender = new URL("../load/sender.mjs", import.meta.url);

/**
 * The latency of honest callers, alone and while bad proofs arrive three times as fast as the server
 * accepts good ones.
 */
export async function measureFlood({ execPath, trust, rounds, seconds, honestPerSecond, kinds }) {
  const port = await freePort();
  const data = { framework: "node", mode: "verify", port, trust };
  const programs = [
    await startProgram(program, { execPath, data }),
    await startProgram(sender, { execPath, data: { trust } }),
    await startProgram(sender, { execPath, data: { trust } }),
  ];
  const [, honest, hostile] = programs;
  try {
    const full = { port, kind: {}, load: { count: 2000 * seconds, inFlight: 32 } };
    await honest.ask(full);
    const capacity = (await honest.ask(full)).perSecond;
    const calm = {
      port,
      kind: {},
      load: { count: honestPerSecond * seconds, perSecond: honestPerSecond },
    };
    const flood = (change) => ({
      port,
      kind: { change },
      load: { count: Math.round(3 * capacity * seconds), perSecond: 3 * capacity },
    });
    const samples = Object.fromEntries(
      ["alone", "alone again", ...kinds].map((name) => [name, []]),
    );
    for (let round = 0; round < rounds; round++) {
      for (const name of shuffled(Object.keys(samples))) {
        const flooding = kinds.includes(name) ? hostile.ask(flood(name)) : undefined;
        const { p50, p99 } = await honest.ask(calm);
        const reached = await flooding;
        samples[name].push({ p50, p99, floodPerSecond: reached?.perSecond ?? 0 });
      }
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
        },
      ];
    }),
  );
  const ratios = Object.fromEntries(
    Object.entries(rows).map(([name, row]) => [name, row["p99 µs"] / rows.alone["p99 µs"]]),
  );
  return { rows, ratios };
}
