// Draws the pictures of docs/performance.md and fills its tables, and those of docs/capacity.md, from
// the last results of `bench:check`.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { questions } from "../harness/questions.mjs";
import { readResult } from "../harness/report.mjs";
import { barChart } from "./bar-chart.mjs";
import { charts } from "./charts.mjs";
import { fillMarks } from "./fill-marks.mjs";
import { tables } from "./tables.mjs";

const docs = new URL("../../docs/", import.meta.url);
const results = Object.fromEntries(questions.map((name) => [name, readResult(name)]));

mkdirSync(new URL("performance/", docs), { recursive: true });
for (const [name, chartOf] of Object.entries(charts)) {
  writeFileSync(new URL(`performance/${name}.svg`, docs), barChart(chartOf(results)));
}
for (const name of ["performance.md", "capacity.md"]) {
  const path = new URL(name, docs);
  writeFileSync(
    path,
    fillMarks(readFileSync(path, "utf8"), (mark) => tables[mark](results)),
  );
}
