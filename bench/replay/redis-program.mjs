// Claims new ids of a guard in Redis, one after the other or many at a time.
import { createHash } from "node:crypto";
import { SpiffeId } from "@firsthand/core";
import { openRedisReplayGuard } from "@firsthand/replay-redis";
import { createClient } from "redis";
import { data, serveQuestions } from "../harness/program.mjs";
import { drive } from "../load/drive.mjs";

const ttlSeconds = 600; // nothing expires while it is measured
const caller = SpiffeId.parse("spiffe://bench.example/caller");
const client = createClient({ socket: { path: data.path } });
client.on("error", (error) => {
  throw error;
});
await client.connect();
const guard = await openRedisReplayGuard({ client });
let next = 0;
/** No other process makes the same. */
const keyOf = (at) => createHash("sha256").update(`id ${at} of ${process.pid}`).digest("base64url");

function claim(key) {
  return guard.claim({ key, caller, issuedAt: Math.floor(Date.now() / 1000), ttlSeconds });
}

async function claimNew() {
  const outcome = await claim(keyOf(next++));
  if (outcome !== "first") throw new Error(`a new id was ${outcome}`);
}

/** Nothing more is remembered for it, so this is how a process gets warm. */
async function claimAgain() {
  if ((await claim(keyOf(next - 1))) !== "replayed") throw new Error("a live id was forgotten");
}

serveQuestions("ready", async ({ count, inFlight, warmup = 0 }) => {
  const { seconds } = await drive(claimNew, { count, inFlight });
  await claimAgain();
  await drive(claimAgain, { count: warmup, inFlight });
  return { microseconds: (seconds * 1e6) / count };
});
