// Says how much of the catalogue of attacks the tests cover: `pnpm report:attacks`. With
// `--results <file>`, the JSON report of vitest, only tests that ran and passed count.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { readJson } from "../support/read-json.js";
import { hasShared, readShared } from "../support/shared-vectors.js";
import { type Catalogue, catalogueFile } from "./catalogue.js";
import { coverageOf, type Reasons } from "./coverage.js";
import { textsOf } from "./named-texts.js";
import { passedTitles, type TestResults } from "./passed-titles.js";
import { testFiles } from "./test-files.js";

const reasons = readJson<Reasons>("./reasons.json", import.meta.url);
const { values: options } = parseArgs({ options: { results: { type: "string" } } });

if (hasShared(catalogueFile)) {
  process.exitCode = report(readShared<Catalogue>(catalogueFile)) ? 0 : 1;
} else {
  console.error(
    `THE CATALOGUE IS MISSING: ../shared/vectors/${catalogueFile}. Nothing was compared.`,
  );
  process.exitCode = process.env.CI ? 1 : 0;
}

function report(catalogue: Catalogue): boolean {
  const { areas, problems } = coverageOf(catalogue, titles(), reasons);
  for (const { area, covered, total } of areas) {
    console.log(`${area.padEnd(14)} covered ${covered} of ${total}`);
  }
  const covered = areas.reduce((sum, area) => sum + area.covered, 0);
  const total = areas.reduce((sum, area) => sum + area.total, 0);
  const explained = Object.keys(reasons).length;
  console.log(`${"all".padEnd(14)} covered ${covered} of ${total}, ${explained} with a reason`);
  for (const problem of problems) console.error(problem);
  return problems.length === 0;
}

function titles(): readonly string[] {
  if (options.results === undefined) {
    return testFiles().flatMap(({ file, source }) => textsOf(file, source));
  }
  return passedTitles(JSON.parse(readFileSync(options.results, "utf8")) as TestResults);
}
