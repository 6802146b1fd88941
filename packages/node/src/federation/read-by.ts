import * as z from "zod/mini";

/** An option in the form that `read` gives it; when `read` throws, the option is wrong. */
export function readBy<T>(read: (value: unknown) => T, problem: string) {
  return z.transform((value: unknown, context): T => {
    try {
      return read(value);
    } catch {
      context.issues.push({ code: "custom", message: problem, input: value });
      return z.NEVER;
    }
  });
}
