import { rounded } from "../harness/report.mjs";

/** One measure against its target. What could not be measured is a miss. */
export function judge({ name, atLeast, atMost, of }, results) {
  let value = Number.NaN;
  let problem = "";
  try {
    value = of(results);
  } catch (error) {
    problem = ` (${error.message})`;
  }
  const isMet = atLeast === undefined ? value <= atMost : value >= atLeast;
  const target = atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
  return { name, value, target, isMet, problem };
}

/** A line for people: name, measured value, target, and whether it is met. */
export function lineOf({ name, value, target, isMet, problem }) {
  const figures = `${String(rounded(value)).padStart(8)}  ${target.padEnd(7)}`;
  return `${name.padEnd(62)} ${figures} ${isMet ? "ok" : "miss"}${problem}`;
}
