import { createPair, exchange } from "./scene.mjs";

/** Microseconds for `prove` and `verify` of one request without content, the best and median of rounds. */
export async function measureTightLoop(sessions, { rounds, count }) {
  const { prover, verifier } = await createPair(sessions);
  await exchange(prover, verifier);
  const rates = [];
  for (let round = -3; round < rounds; round++) {
    const began = performance.now();
    for (let i = 0; i < count; i++) await exchange(prover, verifier);
    if (round >= 0) rates.push(((performance.now() - began) * 1000) / count);
  }
  const format = await exchange(prover, verifier);
  rates.sort((a, b) => a - b);
  return { format, best: rates[0], median: rates[Math.floor(rates.length / 2)] };
}
