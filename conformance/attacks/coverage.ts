import { type Catalogue, coveredAreas, idsIn, isCovered } from "./catalogue.js";

/** How many cases of an area have a test. */
export interface AreaCoverage {
  readonly area: string;
  readonly covered: number;
  readonly total: number;
}

/** What the tests cover of the catalogue, and everything that is wrong with it. */
export interface Coverage {
  readonly areas: readonly AreaCoverage[];
  readonly problems: readonly string[];
}

/** Why cases have no test, by id. */
export type Reasons = Readonly<Record<string, string>>;

/** Compares the catalogue with the titles of tests and the reasons for what has no test. */
export function coverageOf(
  catalogue: Catalogue,
  titles: readonly string[],
  reasons: Reasons,
): Coverage {
  const tested = new Set(titles.flatMap((title) => idsIn(title, catalogue)));
  const known = new Set(catalogue.cases.map(({ id }) => id));
  const demanded = catalogue.cases.filter(isCovered);
  const areas = coveredAreas.map((area) => {
    const cases = demanded.filter((entry) => entry.area === area);
    return { area, covered: cases.filter(({ id }) => tested.has(id)).length, total: cases.length };
  });
  const missing = demanded
    .filter(({ id }) => !tested.has(id) && !Object.hasOwn(reasons, id))
    .map(({ id, area, mutation }) => `${id} (${area}) has no test and no reason: ${mutation}`);
  const unknown = [...tested]
    .filter((id) => !known.has(id))
    .map((id) => `${id} is named by a test and is not in the catalogue`);
  const unfounded = Object.entries(reasons).flatMap(([id, reason]) => {
    if (tested.has(id)) return [`${id} has a test, so its reason has to go`];
    if (!demanded.some((entry) => entry.id === id)) return [`${id} needs no reason`];
    return reason.trim() === "" ? [`${id} has an empty reason`] : [];
  });
  return { areas, problems: [...missing, ...unknown, ...unfounded] };
}
