// Measures everything, prints a line for each measure that has a target, and fails when one is missed.
import { parseArgs } from "node:util";
import { questions } from "../harness/questions.mjs";
import { readResult, rounded, writeResult } from "../harness/report.mjs";
import { judge, lineOf } from "./judge.mjs";
import { controls, measures } from "./measures.mjs";

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "short" },
    results: { type: "boolean", default: false },
  },
});
const results = {};
for (const name of questions) {
  if (!values.results) {
    const { measure } = await import(`../${name}/measure.mjs`);
    writeResult(name, { size: values.size, ...(await measure(values.size)) });
  }
  results[name] = readResult(name);
}

console.log("\nA/A controls: the same thing measured twice\n");
for (const [name, of] of controls) console.log(`${name.padEnd(62)} ${rounded(of(results))}`);
console.log("\nmeasures\n");
const verdicts = measures.map((measure) => judge(measure, results));
for (const verdict of verdicts) console.log(lineOf(verdict));
writeResult("check", { verdicts });
if (verdicts.some(({ isMet }) => !isMet)) process.exitCode = 1;
