// Fills the memory guard with live ids, and asks for some of them again.
import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { memoryReplayGuard, SpiffeId } from "@firsthand/core";
import { data } from "../harness/program.mjs";

const { ids, callers: callerCount } = data;
const ttlSeconds = 90;
const block = 10_000;
const callers = Array.from({ length: callerCount }, (_, at) =>
  SpiffeId.parse(`spiffe://bench.example/caller/${at}`),
);
const keyOf = (at) => createHash("sha256").update(`id ${at}`).digest("base64url");
let milliseconds = 0;
const clock = {
  now: () => 1.8e12 + milliseconds,
  monotonic: () => milliseconds,
  delay: () => new Promise(() => {}),
};
const guard = memoryReplayGuard({ capacity: ids, capacityPerCaller: ids, clock });
const claim = (at, key) =>
  guard.claim({ key, caller: callers[at % callerCount], issuedAt: 1.8e9, ttlSeconds });

/** After a while, since memory outside of the heap is given back by and by. */
async function memory() {
  for (let round = 0; round < 3; round++) {
    globalThis.gc();
    await setTimeout(50);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Of this process, so that what the machine does beside it is no pause of ours. */
function cpuMicroseconds() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** All ids come within the time that they live, evenly. */
const advanceTo = (at) => {
  milliseconds = (at / ids) * ttlSeconds * 900;
};

const before = await memory();
const pauses = [];
let cpu = 0;
for (let from = 0; from < ids; from += block) {
  const keys = Array.from({ length: Math.min(block, ids - from) }, (_, at) => keyOf(from + at));
  let worst = 0;
  for (const [offset, key] of keys.entries()) {
    advanceTo(from + offset);
    const began = cpuMicroseconds();
    if (claim(from + offset, key) !== "first") throw new Error("a new id was refused");
    const used = cpuMicroseconds() - began;
    cpu += used;
    worst = Math.max(worst, used / 1000);
  }
  pauses.push(worst);
}
const after = await memory();
const step = Math.ceil(ids / 10_000);
for (let at = 0; at < ids; at += step) {
  if (claim(at, keyOf(at)) !== "replayed") throw new Error("a live id was forgotten");
}
process.stdout.write(
  JSON.stringify({
    bytes: (after - before) / ids,
    microseconds: cpu / ids,
    longestPause: Math.max(...pauses),
  }),
);
