/**
 * Which way an import may err: what allows may become narrower, and what denies wider. For what a rule
 * leaves out it is the reverse.
 */
export type Direction = "narrower" | "wider";

/** What a value of Istio is here. */
export interface Carried {
  readonly patterns: readonly string[];
  /** Whether it is the same, and not just narrower or wider. */
  readonly isExact: boolean;
}

/** Reads a value; undefined when nothing here comes close on the side that is asked for. */
export type Convert = (value: string, direction: Direction) => Carried | undefined;

/** What became of a list: patterns, or that it holds always or never. */
export type CarriedList = "always" | "never" | readonly string[];

/** Carries a list over, of which one value has to match. `lost` is told each value that changed. */
export function carryList(
  values: readonly string[],
  direction: Direction,
  convert: Convert,
  lost: (value: string) => void,
): CarriedList {
  const carried = values.map((value) => {
    const found = convert(value, direction);
    if (found?.isExact !== true) lost(value);
    return found?.patterns;
  });
  if (direction === "wider" && carried.includes(undefined)) return "always";
  const patterns = carried.flatMap((found) => found ?? []);
  return patterns.length === 0 ? "never" : patterns;
}
