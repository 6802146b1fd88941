import type { Observer } from "./observer.js";

/**
 * One observer out of several. They hear of each decision in this order; where one fails, the request
 * is refused, and those after it hear of the refusal only.
 */
export function combineObservers(...observers: readonly Observer[]): Observer {
  return async (observation) => {
    for (const observer of observers) await observer(observation);
  };
}
