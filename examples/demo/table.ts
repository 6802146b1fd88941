import { type Cell, headOf, lineOf } from "./columns.js";
import type { Style } from "./style.js";

/** One call and what became of it. */
export interface Row {
  readonly from: string;
  readonly to: string;
  /** What it was made with. */
  readonly request: string;
  /** HTTP status. */
  readonly status: number;
  readonly accepted: boolean;
  /** Who was verified, or the code of the refusal. */
  readonly why: string;
  /** HTTP status of orders-legacy for the same request, where it got it. */
  readonly legacy: number | undefined;
  /** Whether all of this is as it has to be. */
  readonly expected: boolean;
}

/** Less than 120 columns together. */
const widths = [2, 22, 38, 6, 32, 13];

const titles = ["", "call", "with", "answer", "caller, or why not", "orders-legacy"];

export function tableHead(style: Style): string {
  return headOf(titles, widths, style);
}

export function tableRow(row: Row, { arrow, good, bad, paint }: Style): string {
  const color = row.accepted ? "green" : "yellow";
  const cells: Cell[] = [
    row.expected ? [good, "green"] : [bad, "red"],
    [`${row.from} ${arrow} ${row.to}`],
    [row.request],
    [`${row.status}`, color],
    [row.why, color],
    legacyCell(row),
  ];
  return lineOf(cells, widths, paint);
}

function legacyCell({ legacy, accepted }: Row): Cell {
  if (legacy === undefined) return [""];
  if (legacy >= 400) return [`${legacy} refused`];
  return [`${legacy} let in`, accepted ? "green" : "red"];
}
