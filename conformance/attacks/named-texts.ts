import { parseSync, Visitor } from "vite";

/**
 * Every text in the source of a test: strings and the fixed parts of templates, wherever they stand
 * (in a title, or in the table behind one). Comments are not among them.
 */
export function textsOf(file: string, source: string): readonly string[] {
  const { program, errors } = parseSync(file, source);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${file}: ${error.message}`);
  const texts: string[] = [];
  new Visitor({
    Literal: ({ value }) => {
      if (typeof value === "string") texts.push(value);
    },
    TemplateElement: ({ value }) => {
      texts.push(value.cooked ?? value.raw);
    },
  }).visit(program);
  return texts;
}
