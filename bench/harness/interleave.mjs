import { shuffled } from "./statistics.mjs";

/**
 * Runs each act once a round, in another order each time, so that what the machine does beside this
 * falls on all of them alike. Answers with what each of them measured, round by round.
 */
export async function interleave(acts, { rounds, warmup = 1, before = () => undefined }) {
  const results = Object.fromEntries(Object.keys(acts).map((name) => [name, []]));
  for (let round = -warmup; round < rounds; round++) {
    const given = await before();
    for (const name of shuffled(Object.keys(acts))) {
      const result = await acts[name](given);
      if (round >= 0) results[name].push(result);
    }
  }
  return results;
}
