import { runProgram } from "../harness/child.mjs";
import { interleave } from "../harness/interleave.mjs";
import { nodePath } from "../harness/node-versions.mjs";
import { printTable } from "../harness/report.mjs";
import { median, summary } from "../harness/statistics.mjs";

const program = new URL("program.mjs", import.meta.url);
const imports = {
  nothing: undefined,
  "nothing again": undefined,
  "node:http": "node:http",
  "node:crypto": "node:crypto",
  "@firsthand/core": "@firsthand/core",
  "@firsthand/core/http": "@firsthand/core/http",
  "@firsthand/node": "@firsthand/node",
  "@firsthand/node/undici": "@firsthand/node/undici",
  "@firsthand/express": "@firsthand/express",
  "@firsthand/fastify": "@firsthand/fastify",
  "@firsthand/testing": "@firsthand/testing",
  undici: "undici",
  jose: "jose",
  "zod/mini": "zod/mini",
};
const sizes = {
  smoke: { nodes: ["here"], rounds: 1, names: ["nothing", "@firsthand/core"] },
  short: { nodes: ["24"], rounds: 15 },
  full: { nodes: ["20", "22", "24", "26"], rounds: 31 },
};

/** What importing takes: time, CPU and resident memory, each in a fresh process. */
export async function measure(size) {
  const { nodes, rounds, names = Object.keys(imports) } = sizes[size];
  const runs = [];
  for (const node of nodes) {
    const execPath = nodePath(node);
    const acts = Object.fromEntries(
      names.map((title) => [
        title,
        () => runProgram(program, { execPath, data: { name: imports[title] } }),
      ]),
    );
    const samples = await interleave(acts, { rounds });
    const bare = median(samples.nothing.map(({ memory }) => memory));
    const rows = Object.fromEntries(
      Object.entries(samples).map(([title, values]) => {
        const wall = summary(values.map((value) => value.wall));
        return [
          title,
          {
            "import ms": wall.median,
            low: wall.low,
            high: wall.high,
            "CPU ms": median(values.map(({ cpu }) => cpu)),
            "added MiB": median(values.map(({ memory }) => memory)) - bare,
          },
        ];
      }),
    );
    printTable(`importing, Node ${node}`, rows);
    runs.push({ node, rows });
  }
  return { runs };
}
