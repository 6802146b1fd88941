import { execFile } from "node:child_process";
import { basename } from "node:path";
import { promisify } from "node:util";
import { endWithSuite } from "./program.js";

const run = promisify(execFile);

export interface CommandOptions {
  readonly directory?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly milliseconds?: number | undefined;
}

/** Runs a command to its end and returns what it wrote; what it complained about is the failure. */
export async function runCommand(
  file: string,
  args: readonly string[],
  { directory, env = process.env, milliseconds = 20_000 }: CommandOptions = {},
): Promise<string> {
  try {
    const command = run(file, [...args], {
      cwd: directory,
      env,
      timeout: milliseconds,
      killSignal: "SIGKILL",
      maxBuffer: 16 * 1024 * 1024,
    });
    endWithSuite(command.child);
    const { stdout, stderr } = await command;
    return stdout || stderr;
  } catch (cause) {
    // The message of the cause has what the command complained about.
    const { killed } = cause as { readonly killed?: boolean };
    const problem = killed ? `took longer than ${milliseconds / 1000} s` : "failed";
    throw new Error(`${basename(file)} ${args.slice(0, 2).join(" ")} ${problem}`, { cause });
  }
}
