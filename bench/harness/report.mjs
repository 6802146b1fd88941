import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";

/** Numbers as they are read: three digits, no more. */
export function rounded(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return value;
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

/** Prints rows, by name, with rounded numbers. */
export function printTable(title, rows) {
  console.log(`\n${title}`);
  const shown = Object.entries(rows).map(([name, row]) => [
    name,
    Object.fromEntries(Object.entries(row).map(([column, value]) => [column, rounded(value)])),
  ]);
  console.table(Object.fromEntries(shown));
}

const folder = new URL("../results/", import.meta.url);

/** The last result of a question. */
export function readResult(name) {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
}

/** Writes a result of the bench to `bench/results`, with what it was measured on. */
export function writeResult(name, result) {
  mkdirSync(folder, { recursive: true });
  const machine = { cpu: cpus()[0]?.model.trim(), cpus: cpus().length, node: process.version };
  const text = `${JSON.stringify({ name, time: new Date().toISOString(), machine, ...result }, undefined, 1)}\n`;
  writeFileSync(new URL(`${name}.json`, folder), text);
}
