import { runProgram } from "../harness/child.mjs";
import { nodePath } from "../harness/node-versions.mjs";
import { printTable } from "../harness/report.mjs";
import { median, summary } from "../harness/statistics.mjs";
import { createBenchTrust } from "../services/trust.mjs";
import { growthRow } from "./nature.mjs";

const program = new URL("program.mjs", import.meta.url);
const [flat, linear] = ["flat", "linear at most"];
/** How the cost should grow with each, and the sizes that are measured. */
const growing = {
  "trust domains": { shouldBe: flat, sizes: [1, 10, 100, 1000] },
  "authorities of a bundle, known caller": { shouldBe: flat, sizes: [1, 10, 100] },
  "authorities of a bundle, new caller": { shouldBe: linear, sizes: [1, 10, 100] },
  "rules of a rule set": { shouldBe: flat, sizes: [10, 100, 1000, 10_000, 100_000] },
  "IDs that are allowed": { shouldBe: flat, sizes: [10, 100, 1000, 10_000, 100_000] },
  "patterns that are allowed": { shouldBe: linear, sizes: [10, 100, 1000, 10_000, 100_000] },
  "policies in a list": { shouldBe: linear, sizes: [10, 100, 1000] },
  "header fields": { shouldBe: linear, sizes: [10, 50, 250] },
  "body bytes": { shouldBe: linear, sizes: [1024, 65_536, 1_048_576, 4_194_304] },
};
const sizes = {
  smoke: { rounds: 1, batch: 2, points: 2 },
  short: { rounds: 60, batch: 10 },
  full: { rounds: 150, batch: 10 },
};

/** How the cost of accepting a request grows with what a deployment has more of. */
export async function measure(size) {
  const { rounds, batch, points } = sizes[size];
  const execPath = nodePath(size === "smoke" ? "here" : "24");
  const measured = Object.entries(growing).map(([name, each]) => [
    name,
    each.sizes.slice(0, points),
  ]);
  const data = {
    trust: await createBenchTrust(),
    rounds,
    batch,
    growing: Object.fromEntries(measured),
  };
  const { node, grown, controls } = await runProgram(program, { execPath, data });
  const details = {};
  const rows = {};
  for (const [name, sampled] of grown) {
    const costs = sampled.map(({ size: at, samples }) => ({ size: at, ...summary(samples) }));
    const [{ median: smallest }] = costs;
    for (const { size: at, ...figures } of costs) {
      details[`${name}, ${at}`] = { ...figures, "÷ smallest": figures.median / smallest };
    }
    const pointsOf = costs.map(({ size: at, median: cost }) => ({ size: at, cost }));
    rows[name] = growthRow(pointsOf, growing[name].shouldBe);
  }
  const [one, again] = controls.map(median);
  printTable(`accepting one request, µs of CPU, Node ${node}`, details);
  printTable("growth", rows);
  console.log({ "A/A": again / one });
  return { node, details, rows, ratios: { "A/A": again / one } };
}
