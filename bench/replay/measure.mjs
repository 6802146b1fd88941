import { runProgram } from "../harness/child.mjs";
import { nodePath } from "../harness/node-versions.mjs";
import { printTable } from "../harness/report.mjs";
import { summary } from "../harness/statistics.mjs";

const program = new URL("program.mjs", import.meta.url);
const sizes = {
  smoke: { ids: [1000], runs: 1 },
  short: { ids: [1_000_000], runs: 5 },
  full: { ids: [10_000, 100_000, 1_000_000, 10_000_000], runs: 5 },
};

/** Bytes and CPU time of a live id in the memory guard, and how long its longest claim kept all waiting. */
export async function measure(size) {
  const { ids, runs } = sizes[size];
  const execPath = nodePath(size === "smoke" ? "here" : "24");
  const rows = {};
  for (const count of ids) {
    const results = [];
    for (let run = 0; run < runs; run++) {
      const data = { ids: count, callers: 100 };
      results.push(await runProgram(program, { execPath, data, args: ["--expose-gc"] }));
    }
    const figure = (name) => summary(results.map((result) => result[name]));
    rows[count] = {
      "bytes an id": figure("bytes").median,
      "µs a claim": figure("microseconds").median,
      "longest claim, ms": figure("longest").median,
    };
  }
  printTable("live ids in memory", rows);
  return { rows };
}
