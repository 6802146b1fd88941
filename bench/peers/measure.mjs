import { runProgram } from "../harness/child.mjs";
import { nodePath } from "../harness/node-versions.mjs";
import { printTable } from "../harness/report.mjs";
import { checksOf, operationsOf } from "./figures.mjs";
import { measureServers } from "./servers.mjs";

const program = new URL("operations.mjs", import.meta.url);
const sizes = {
  smoke: { rounds: 2, batch: 2, load: { rounds: 1, inFlight: [2], count: 8, warmup: 8 } },
  short: {
    rounds: 250,
    batch: 10,
    load: { rounds: 12, inFlight: [32], count: 1000, warmup: 5000 },
  },
  full: {
    rounds: 600,
    batch: 10,
    load: { rounds: 15, inFlight: [1, 32], count: 1500, warmup: 5000 },
  },
};

/** Firsthand beside other libraries that have a caller prove a key in each request. */
export async function measure(size) {
  const { rounds, batch, load } = sizes[size];
  const execPath = nodePath(size === "smoke" ? "here" : "24");
  const { node, samples, refusals } = await runProgram(program, {
    execPath,
    data: { rounds, batch },
  });
  const operations = operationsOf(samples);
  printTable(`signing and verifying in one process, Node ${node}, µs`, operations.rows);
  console.log(operations.ratios);
  printTable("is it refused?", checksOf(refusals));
  const servers = await measureServers(execPath, load);
  for (const { inFlight, rows, ratios } of servers) {
    printTable(`Express, ${inFlight} in flight, µs`, rows);
    console.log(ratios);
  }
  return { node, operations, refusals, servers };
}
