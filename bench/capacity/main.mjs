// What many requests cost, from the last results of the bench: `--pairs 100` pairs of services.
import { parseArgs } from "node:util";
import { printTable, readResult } from "../harness/report.mjs";
import { capacityOf } from "./capacity.mjs";

const { values } = parseArgs({ options: { pairs: { type: "string", default: "100" } } });
const results = Object.fromEntries(
  ["sidecar", "primitives", "replay"].map((name) => [name, readResult(name)]),
);
for (const row of capacityOf(results, { servicePairs: Number(values.pairs) })) {
  const { perSecond, designs, ...rest } = row;
  printTable(`${perSecond.toLocaleString("en")} requests/s`, designs);
  console.table(Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, { value }])));
}
