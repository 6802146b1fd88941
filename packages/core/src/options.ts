import * as z from "zod/mini";
import type { Clock } from "./clock.js";
import { ConfigurationError } from "./errors.js";

/**
 * Parses the options of a factory. A misspelt option is an error: it might have been a check.
 *
 * @throws {ConfigurationError} `option_invalid`, naming the option
 */
export function parseOptions<T>(factory: string, schema: z.ZodMiniType<T>, options: unknown): T {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  if (issue.code === "unrecognized_keys") {
    const option = pathOf([...issue.path, issue.keys[0] as string]);
    throw invalidOption(factory, option, "is not an option", result.error);
  }
  const problem = issue.path.length === 0 ? "must be an object" : issue.message;
  throw invalidOption(factory, pathOf(issue.path), problem, result.error);
}

/** The error for one option, worded alike everywhere. */
export function invalidOption(
  factory: string,
  option: string,
  problem: string,
  cause?: unknown,
): ConfigurationError {
  const name = option === "" ? "the options" : `option ${option}`;
  return new ConfigurationError("option_invalid", `${factory}: ${name}: ${problem}`, {
    option,
    cause,
  });
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    const name = String(part);
    if (/^[A-Za-z_$][\w$]*$/.test(name)) return text === "" ? name : `${text}.${name}`;
    return `${text}[${JSON.stringify(part)}]`;
  }, "");
}

/** An option that is an object with these methods. */
export function capability<T>(...methods: readonly (keyof T & string)[]): z.ZodMiniType<T> {
  const problem = `must be an object with ${methods.map((method) => `${method}()`).join(" and ")}`;
  return z.custom<T>((value) => methods.every((method) => hasMethod(value, method)), {
    error: ({ input }) =>
      hasMethod(input, "then") ? `${problem}; this is a promise, so await it` : problem,
  });
}

/** An option that is a clock. */
export const clockOption: z.ZodMiniType<Clock> = capability<Clock>("now", "monotonic", "delay");

function hasMethod(value: unknown, name: string): boolean {
  const isObject = typeof value === "object" && value !== null;
  return isObject && typeof (value as Record<string, unknown>)[name] === "function";
}

/** An option that is one of these texts. */
export function oneOf<const T extends string>(...texts: readonly T[]): z.ZodMiniType<T> {
  const list = texts.map((text) => JSON.stringify(text)).join(", ");
  return z.enum(texts, { error: `must be one of ${list}` });
}

/** The names of header fields (RFC 9110 §5.1), in lower case. */
export function headerFieldNames(): z.ZodMiniType<readonly string[]> {
  const error = "must be the name of a header field";
  const isName = (name: string) => /^[\w!#$%&'*+.^`|~-]+$/.test(name);
  return z.array(z.string({ error }).check(z.refine(isName, { error }), z.toLowerCase()));
}

/** An option that is a function. */
export function callback<T>(): z.ZodMiniType<T> {
  return z.custom<T>((value) => typeof value === "function", { error: "must be a function" });
}

/** A whole number of at least `minimum` and at most `maximum`. */
export function wholeNumber(minimum: number, maximum: number): z.ZodMiniType<number> {
  const error = `must be a whole number from ${minimum} to ${maximum}`;
  return z.number({ error }).check(
    z.refine((value) => Number.isInteger(value) && value >= minimum && value <= maximum, {
      error,
    }),
  );
}
