import { runProgram } from "../harness/child.mjs";
import { nodePath } from "../harness/node-versions.mjs";
import { printTable } from "../harness/report.mjs";
import { median, quantile } from "../harness/statistics.mjs";
import { createBenchTrust } from "../services/trust.mjs";

const program = new URL("program.mjs", import.meta.url);
const sizes = {
  smoke: { nodes: ["here"], rounds: 4, batch: 5 },
  short: { nodes: ["24"], rounds: 1200, batch: 10 },
  full: { nodes: ["20", "22", "24", "26"], rounds: 2000, batch: 10 },
};

/** What proving and verifying cost beside the bare operation, jose and WebCrypto. */
export async function measure(size) {
  const { nodes, rounds, batch } = sizes[size];
  const runs = [];
  for (const kind of ["x509-svid", "wit-svid"]) {
    const trust = await createBenchTrust(kind);
    for (const proof of ["token", "message signature"]) {
      for (const node of nodes) {
        const options = { execPath: nodePath(node), data: { trust, proof, rounds, batch } };
        const { samples, ...about } = await runProgram(program, options);
        runs.push({ kind, proof, ...about, ...figuresOf(samples) });
      }
    }
  }
  for (const { kind, proof, node, operations, ratios } of runs) {
    printTable(`${proof}, ${kind}, Node ${node}, µs`, operations);
    console.log(ratios);
  }
  return { runs };
}

function figuresOf(samples) {
  const operations = Object.fromEntries(
    Object.entries(samples).map(([name, batches]) => {
      const wall = batches.map((each) => each.wall);
      const cpu = batches.map((each) => each.cpu);
      return [
        name,
        {
          wall: median(wall),
          low: quantile(wall, 0.25),
          high: quantile(wall, 0.75),
          cpu: median(cpu),
        },
      ];
    }),
  );
  const cpu = (name) => operations[name].cpu;
  const wall = (name) => operations[name].wall;
  return {
    operations,
    ratios: {
      "prove ÷ raw sign, throughput": wall("raw sign") / wall("prove"),
      "verify ÷ raw verify, throughput": wall("raw verify") / wall("verify, known credential"),
      "A/A sign": wall("raw sign") / wall("raw sign again"),
      "A/A verify": wall("raw verify") / wall("raw verify again"),
      "CPU of both sides, jose ÷ ours":
        (cpu("jose sign") + cpu("jose verify")) / (cpu("prove") + cpu("verify, known credential")),
    },
  };
}
