import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { CommandError } from "./command-error.js";

/** The named arguments that a command takes. */
type Options = Readonly<Record<string, { readonly type: "string"; readonly multiple?: true }>>;

type Values<T extends Options> = {
  readonly [Name in keyof T]?: T[Name] extends { readonly multiple: true }
    ? readonly string[]
    : string;
};

/** The arguments of a command; `files` are those without a name. */
export function parseArguments<const T extends Options>(
  args: readonly string[],
  options: T,
): { readonly values: Values<T>; readonly files: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    return { values: values as Values<T>, files: positionals };
  } catch (cause) {
    throw new CommandError((cause as Error).message, { cause });
  }
}

/** The text of a file. */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new CommandError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Pairs as `--header name=value` gives them. */
export function pairsOf(texts: readonly string[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const mark = text.indexOf("=");
      if (mark < 1) throw new CommandError(`${text} is not a name and a value, as name=value`);
      return [text.slice(0, mark), text.slice(mark + 1)];
    }),
  );
}

/** Runs `read`, and names the file in what it throws. */
export function aboutFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new CommandError(`${path}: ${(cause as Error).message}`, { cause });
  }
}
