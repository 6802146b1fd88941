// Fills the memory guard with live ids, and asks for some of them again.
import { hash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { memoryReplayGuard, SpiffeId } from "@firsthand/core";
import { data } from "../harness/program.mjs";

const { ids, callers: callerCount } = data;
const ttlSeconds = 90;
const block = 10_000;
const callers = Array.from({ length: callerCount }, (_, at) =>
  SpiffeId.parse(`spiffe://bench.example/caller/${at}`),
);
/** Without a `Hash`: finalizing ten thousand of them would make garbage collection twice as long. */
const keyOf = (at) => hash("sha256", `id ${at}`, "base64url");
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

function cpuMicroseconds() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** All ids come within the time that they live, evenly. */
const advanceTo = (at) => {
  milliseconds = (at / ids) * ttlSeconds * 900;
};

/**
 * What a claim kept the process waiting, garbage collection and all. The time that passed has in it what
 * other processes did; CPU time has in it what other threads of this one did meanwhile, and counts
 * that 4 ms at a time, also in a claim of a microsecond.
 */
function pauseMilliseconds(passed, used) {
  return Math.min(passed, used / 1000);
}

const before = await memory();
let cpu = 0;
let longest = 0;
for (let from = 0; from < ids; from += block) {
  const keys = Array.from({ length: Math.min(block, ids - from) }, (_, at) => keyOf(from + at));
  for (const [offset, key] of keys.entries()) {
    advanceTo(from + offset);
    const began = performance.now();
    const cpuBefore = cpuMicroseconds();
    if (claim(from + offset, key) !== "first") throw new Error("a new id was refused");
    const used = cpuMicroseconds() - cpuBefore;
    const passed = performance.now() - began;
    cpu += used;
    longest = Math.max(longest, pauseMilliseconds(passed, used));
  }
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
    longest,
  }),
);
