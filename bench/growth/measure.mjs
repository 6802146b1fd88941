import { runProgram } from "../harness/child.mjs";
import { nodePath } from "../harness/node-versions.mjs";
import { printTable } from "../harness/report.mjs";
import { summary } from "../harness/statistics.mjs";
import { createBenchTrust } from "../services/trust.mjs";

const program = new URL("program.mjs", import.meta.url);
const decades = (from, to) =>
  Array.from({ length: Math.round(Math.log10(to / from)) + 1 }, (_, at) => from * 10 ** at);
const sizes = {
  smoke: { rounds: 1, batch: 2, growing: { "trust domains": [1, 10] } },
  short: {
    rounds: 60,
    batch: 10,
    growing: {
      "trust domains": [1, 1000],
      "rules, exact": [10, 10_000],
      headers: [10, 100],
      "body bytes": [1024, 65_536],
    },
  },
  full: {
    rounds: 150,
    batch: 10,
    growing: {
      "trust domains": decades(1, 1000),
      "rules, exact": decades(10, 100_000),
      "rules, patterns": decades(10, 10_000),
      "policies in a list": decades(10, 1000),
      headers: [5, 20, 50, 100],
      "body bytes": [1024, 16_384, 65_536, 262_144, 1_048_576],
    },
  },
};

/** How the cost of accepting grows with what a deployment has more of: flat, or linear at most. */
export async function measure(size) {
  const { rounds, batch, growing } = sizes[size];
  const execPath = nodePath(size === "smoke" ? "here" : "24");
  const data = { trust: await createBenchTrust(), rounds, batch, growing };
  const { node, samples } = await runProgram(program, { execPath, data });
  const rows = Object.fromEntries(
    Object.entries(samples).map(([name, values]) => [name, summary(values)]),
  );
  printTable(`accepting one request, µs of CPU, Node ${node}`, rows);
  return { node, rows };
}
