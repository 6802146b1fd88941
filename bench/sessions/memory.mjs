import { createPair, exchange } from "./scene.mjs";

/** Bytes of the process for each session of a verifier, by what the collector leaves. */
export async function measureMemory(count) {
  if (global.gc === undefined) throw new Error("run with --expose-gc");
  const limits = { capacity: count + 2000, capacityPerCaller: count + 2000 };
  // Used proofs are counted elsewhere, and are forgotten after two minutes.
  const replay = { claim: () => "first" };
  const { verifier, proverOf, checkout } = await createPair("on", limits, replay);
  const open = async (times) => {
    for (let i = 0; i < times; i++) await exchange(proverOf(checkout), verifier);
  };
  await open(1000);
  const before = held();
  await open(count);
  return (held() - before) / count;
}

function held() {
  for (let i = 0; i < 4; i++) global.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
