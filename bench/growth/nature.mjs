const flatUpTo = 1.25;
const linearUpTo = 1.15;

/** How a cost may grow, the best first. */
export const natures = ["flat", "linear at most", "more than linear"];

/**
 * How cost grows over points of `{ size, cost }`: `flat` where it stays within a quarter of the first,
 * `linear at most` where each step is, by its exponent: what doubles the size at most doubles the cost.
 */
export function natureOf(points) {
  const [first, ...rest] = points;
  if (rest.every(({ cost }) => cost <= flatUpTo * first.cost)) return "flat";
  const exponents = rest.map(({ size, cost }, at) => {
    const below = points[at];
    return Math.log(cost / below.cost) / Math.log(size / below.size);
  });
  return exponents.every((exponent) => exponent <= linearUpTo)
    ? "linear at most"
    : "more than linear";
}

/** One row about what grows, and whether it grows no worse than it should. */
export function growthRow(points, shouldBe) {
  const [first, last] = [points[0], points.at(-1)];
  const nature = natureOf(points);
  return {
    from: first.size,
    to: last.size,
    "µs, from": first.cost,
    "µs, to": last.cost,
    "× size": last.size / first.size,
    "× cost": last.cost / first.cost,
    is: nature,
    "should be": shouldBe,
    verdict: natures.indexOf(nature) <= natures.indexOf(shouldBe) ? "ok" : "miss",
  };
}
