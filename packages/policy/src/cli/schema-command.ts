import { policyJsonSchema } from "../document/policy-document.js";
import { parseArguments } from "./arguments.js";
import type { Command } from "./run-cli.js";

/** Prints the JSON Schema of policy files. */
export const schemaCommand: Command = async (args, { out }) => {
  parseArguments(args, {});
  out(`${JSON.stringify(policyJsonSchema(), null, 2)}\n`);
  return 0;
};
