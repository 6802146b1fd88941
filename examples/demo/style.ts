import type { WriteStream } from "node:tty";

const colors = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const;

export type Color = keyof typeof colors;

/** How the report looks where it is printed. */
export interface Style {
  readonly arrow: string;
  readonly good: string;
  readonly bad: string;
  readonly paint: (color: Color, text: string) => string;
}

const plain = (_color: Color, text: string) => text;
const painted = (color: Color, text: string) => `\u001b[${colors[color]}m${text}\u001b[0m`;

/** Signs and colours for a terminal, ASCII for everything else; NO_COLOR as in no-color.org. */
export function styleOf({ isTTY }: Pick<WriteStream, "isTTY">, env: NodeJS.ProcessEnv): Style {
  if (!isTTY) return { arrow: "->", good: "ok", bad: "!!", paint: plain };
  const isPlain = Boolean(env["NO_COLOR"]) || env["TERM"] === "dumb";
  return { arrow: "→", good: "✔", bad: "✘", paint: isPlain ? plain : painted };
}
