import { readFile } from "node:fs/promises";
import type { AuditEvent } from "@firsthand/core/audit";
import { type Cell, headOf, lineOf } from "./columns.js";
import type { Style } from "./style.js";
import type { Row } from "./table.js";

const widths = [9, 34, 31, 12, 30];
const titles = ["decision", "proved", "claimed by the sidecar", "", "because of"];

/** What orders wrote into its audit log: a line of JSON for each decision. */
export async function readAuditTrail(file: string): Promise<readonly AuditEvent[]> {
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as AuditEvent);
}

export function trailHead(style: Style): string {
  return headOf(titles, widths, style);
}

export function trailLine(event: AuditEvent, { paint }: Style): string {
  const { decision, proved, claimed, agreement, refusal, policy } = event;
  const [claim] = claimed?.forwarded.at(-1)?.uri ?? [];
  const cells: Cell[] = [
    [decision, decision === "accepted" ? "green" : "yellow"],
    [proved?.caller ?? "nobody"],
    [claim ?? "nobody"],
    agreement === "contradicts" ? [agreement, "red"] : [agreement],
    [refusal?.code ?? policy?.rule ?? ""],
  ];
  return lineOf(cells, widths, paint);
}

/** Whether the log has exactly what the rows show that orders decided, in the same order. */
export function isTrailOf(rows: readonly Row[], trail: readonly AuditEvent[]): boolean {
  const decided = rows.filter(({ from, to }) => to === "orders" || from === "orders");
  const own = decided.filter(({ to }) => to !== "ledger");
  return own.length === trail.length && own.every((row, index) => isEventOf(row, trail[index]));
}

function isEventOf({ to, why }: Row, event: AuditEvent | undefined): boolean {
  if (to === "checkout") return event?.decision === "accepted"; // the answer was not believed
  return (event?.refusal?.code ?? event?.proved?.caller) === why;
}
