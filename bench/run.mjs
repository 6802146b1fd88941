// Measures one question, or all of them: `node bench/run.mjs primitives --size full`.
import { parseArgs } from "node:util";
import { questions } from "./harness/questions.mjs";
import { writeResult } from "./harness/report.mjs";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { size: { type: "string", default: "full" } },
});
const asked = positionals[0] === "all" ? questions : positionals;
const unknown = asked.filter((name) => !questions.includes(name));
if (asked.length === 0 || unknown.length > 0) {
  throw new Error(
    `name one of ${questions.join(", ")}, or all${unknown.map((name) => `; ${name} is none`)}`,
  );
}
for (const name of asked) {
  const { measure } = await import(`./${name}/measure.mjs`);
  const result = { size: values.size, ...(await measure(values.size)) };
  if (values.size === "smoke") console.log(JSON.stringify(result));
  else writeResult(name, result);
}
