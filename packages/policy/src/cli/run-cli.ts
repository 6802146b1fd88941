import { ConfigurationError } from "@firsthand/core";
import { checkCommand } from "./check-command.js";
import { CommandError } from "./command-error.js";
import { explainCommand } from "./explain-command.js";
import { importIstioCommand } from "./import-istio-command.js";
import { schemaCommand } from "./schema-command.js";
import { testCommand } from "./test-command.js";

/** Where a command writes to. */
export interface Output {
  /** Results. */
  readonly out: (text: string) => void;
  /** Problems. */
  readonly err: (text: string) => void;
}

/** One command: gets its arguments, answers with the exit code. */
export type Command = (args: readonly string[], output: Output) => Promise<number>;

const commands: ReadonlyMap<string | undefined, Command> = new Map<string, Command>([
  ["check", checkCommand],
  ["test", testCommand],
  ["explain", explainCommand],
  ["import-istio", importIstioCommand],
  ["schema", schemaCommand],
]);

const usage = `firsthand-policy check <policy>...
firsthand-policy test <cases>...
firsthand-policy explain <policy> --caller <id> --request "<method> <target>" [--at <time>]
    [--credential <kind>] [--proof <kind>] [--binding <binding>] [--header <name>=<value>]...
    [--on-behalf-of <subject>] [--scope <scope>]... [--condition <name>=true|false]...
firsthand-policy import-istio <manifest>... --namespace <name> --trust-domain <name> [--label <name>=<value>]...
firsthand-policy schema
`;

/**
 * Runs a command. Exit codes: 0 what was asked for holds, 1 it does not, 2 it could not be told.
 */
export async function runCli(args: readonly string[], output: Output): Promise<number> {
  const [name, ...rest] = args;
  const command = commands.get(name);
  if (command === undefined) {
    output.err(usage);
    return 2;
  }
  try {
    return await command(rest, output);
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof ConfigurationError)) throw error;
    output.err(`${error.message}\n`);
    return 2;
  }
}
