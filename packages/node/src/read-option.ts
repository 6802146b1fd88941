import * as z from "zod/mini";

/**
 * An option in the form that `read` gives it; when `read` throws, the option is wrong.
 *
 * @param problem what is said then; by default what `read` says
 */
export function readBy<T, Given = unknown>(read: (value: Given) => T, problem?: string) {
  return z.transform((value: Given, context) => {
    try {
      return read(value);
    } catch (error) {
      const message = problem ?? (error as Error).message;
      context.issues.push({ code: "custom", message, input: value });
      return z.NEVER;
    }
  });
}

/** An optional text that `parse` reads; what it throws says what is wrong. */
export function parsedText<T>(parse: (text: string) => T): z.ZodMiniType<T | undefined> {
  return z.optional(z.pipe(z.string(), readBy(parse)));
}
