import type { Color, Style } from "./style.js";

/** A text of a table, and how it looks. */
export type Cell = readonly [text: string, color?: Color];

/** One line of a table: each cell as wide as its column, with a space between them. */
export function lineOf(
  cells: readonly Cell[],
  widths: readonly number[],
  paint: Style["paint"],
): string {
  const texts = cells.map(([text, color], index) => {
    const padded = text.padEnd(widths[index] ?? 0);
    return color === undefined ? padded : paint(color, padded);
  });
  return texts.join(" ").trimEnd();
}

/** The line over a table. */
export function headOf(
  titles: readonly string[],
  widths: readonly number[],
  { paint }: Style,
): string {
  return lineOf(
    titles.map((title) => [title, "dim"] as const),
    widths,
    paint,
  );
}
