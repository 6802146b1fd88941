import { readJson } from "../support/read-json.js";

/**
 * The ids of the published tests on which we differ and say why: `refused-valid.json` and
 * `accepted-invalid.json` give a reason for each.
 */
export function explainedIds(
  difference: "refused-valid" | "accepted-invalid",
  set: string,
): readonly number[] {
  const reasons = readJson<Record<string, Record<string, string>>>(
    `./${difference}.json`,
    import.meta.url,
  );
  return Object.keys(reasons[set] ?? {}).map(Number);
}
