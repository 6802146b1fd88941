import { parseArguments } from "./arguments.js";
import { CommandError } from "./command-error.js";
import { conditionNames, loadRules } from "./load-rules.js";
import type { Command } from "./run-cli.js";

/** Says whether policy files are valid, and which conditions the application has to supply. */
export const checkCommand: Command = async (args, { out }) => {
  const { files } = parseArguments(args, {});
  if (files.length === 0) throw new CommandError("name at least one policy file");
  for (const file of files) {
    const rules = loadRules(file);
    const names = conditionNames(rules);
    const needs = names.length === 0 ? "" : `; needs the conditions ${names.join(", ")}`;
    out(`${file}: valid, ${rules.length} rules${needs}\n`);
  }
  return 0;
};
