import * as z from "zod/mini";

/** An optional text that `parse` reads; what it throws says what is wrong. */
export function parsedText<T>(parse: (text: string) => T): z.ZodMiniType<T | undefined> {
  const read = z.transform((text: string, context) => {
    try {
      return parse(text);
    } catch (error) {
      const { message } = error as Error;
      context.issues.push({ code: "custom", message, input: text });
      return z.NEVER;
    }
  });
  return z.optional(z.pipe(z.string(), read));
}
