import { runProgram } from "../harness/child.mjs";
import { nodePath } from "../harness/node-versions.mjs";
import { printTable } from "../harness/report.mjs";
import { summary } from "../harness/statistics.mjs";
import { measureRedis } from "./measure-redis.mjs";

const program = new URL("program.mjs", import.meta.url);
const sizes = {
  smoke: { memory: [[1000, 1]], redis: { ids: [200], rounds: 1, claims: 20 } },
  short: {
    memory: [
      [10_000, 5],
      [100_000, 5],
      [1_000_000, 5],
    ],
    redis: { ids: [10_000, 100_000, 1_000_000], rounds: 9, claims: 2000 },
  },
  full: {
    memory: [
      [10_000, 9],
      [100_000, 9],
      [1_000_000, 5],
      [10_000_000, 2],
    ],
    redis: { ids: [10_000, 100_000, 1_000_000, 10_000_000], rounds: 9, claims: 2000 },
  },
};

/** Bytes and CPU time of a live id: in the memory guard, with how long its longest claim kept all waiting, and in Redis. */
export async function measure(size) {
  const { memory, redis } = sizes[size];
  const execPath = nodePath(size === "smoke" ? "here" : "24");
  const rows = {};
  for (const [count, runs] of memory) {
    rows[count] = await measureMemory(execPath, count, runs);
  }
  printTable("live ids in memory", rows);
  const inRedis = await measureRedis(execPath, redis);
  printTable(`live ids in Redis ${inRedis.version ?? ""}, CPU in µs`, inRedis.rows);
  return { rows, redis: inRedis };
}

async function measureMemory(execPath, ids, runs) {
  const results = [];
  for (let run = 0; run < runs; run++) {
    const data = { ids, callers: 100 };
    results.push(await runProgram(program, { execPath, data, args: ["--expose-gc"] }));
  }
  const figure = (name) => summary(results.map((result) => result[name])).median;
  return {
    "bytes an id": figure("bytes"),
    "µs a claim": figure("microseconds"),
    "longest claim, ms": figure("longest"),
  };
}
