import { dirname, resolve } from "node:path";
import { parsePolicyCases, runPolicyCases } from "../cases/policy-cases.js";
import { formatExplanation } from "../explain/format-explanation.js";
import { aboutFile, parseArguments, readText } from "./arguments.js";
import { CommandError } from "./command-error.js";
import { loadRules } from "./load-rules.js";
import type { Command } from "./run-cli.js";

/** Runs the cases of files, and says of each that fails why. */
export const testCommand: Command = async (args, { out }) => {
  const { files } = parseArguments(args, {});
  if (files.length === 0) throw new CommandError("name at least one file of cases");
  let failed = 0;
  for (const file of files) {
    const { policy, cases } = aboutFile(file, () => parsePolicyCases(readText(file)));
    const results = await runPolicyCases(loadRules(resolve(dirname(file), policy)), cases);
    for (const { name, passed, expected, explanation } of results) {
      out(`${passed ? "ok" : "FAILED"}  ${name}\n`);
      if (passed) continue;
      failed++;
      out(indented(`expected ${expected}\n${formatExplanation(explanation)}`));
    }
    out(
      `${file}: ${results.length} cases, ${results.filter(({ passed }) => !passed).length} failed\n`,
    );
  }
  return failed === 0 ? 0 : 1;
};

function indented(text: string): string {
  return text.replace(/^/gm, "        ").concat("\n");
}
