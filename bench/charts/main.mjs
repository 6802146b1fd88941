// Draws the pictures of docs/performance.md from the last results.
import { mkdirSync, writeFileSync } from "node:fs";
import { readResult } from "../harness/report.mjs";
import { barChart } from "./bar-chart.mjs";
import { charts } from "./charts.mjs";

const folder = new URL("../../docs/performance/", import.meta.url);
const results = Object.fromEntries(
  ["primitives", "sidecar", "hostile"].map((name) => [name, readResult(name)]),
);
mkdirSync(folder, { recursive: true });
for (const [name, chartOf] of Object.entries(charts)) {
  writeFileSync(new URL(`${name}.svg`, folder), barChart(chartOf(results)));
}
