import { once } from "node:events";
import type { ReplayOutcome } from "@firsthand/core";
import { createTestClock } from "@firsthand/testing";
import { createClient } from "redis";
import { openRedisReplayGuard } from "../../src/index.js";
import { claimOf, now } from "./guard.js";

// A replica: claims the same proofs as every other, many at a time, and those again that failed.

/** What a process got to know. */
export interface ClaimingReport {
  /** By the number of the claim. */
  readonly outcomes: readonly ReplayOutcome[];
  /** How many claims failed with an error, and were made again. */
  readonly failures: number;
}

const inFlight = 500;
const [socket = "", count = "0"] = process.argv.slice(2);
const client = createClient({
  socket: { path: socket, reconnectStrategy: 10 },
  disableOfflineQueue: true,
});
client.on("error", () => undefined);
await client.connect();
const clock = createTestClock((now + 10) * 1000);
const guard = await openRedisReplayGuard({ client, clock });
const outcomes: ReplayOutcome[] = [];
let failures = 0;
let ready: Promise<void> | undefined;

/** When the client has a connection again. */
function reconnected(): Promise<void> {
  if (client.isReady) return Promise.resolve();
  ready ??= new Promise((resolve) => {
    client.once("ready", () => {
      ready = undefined;
      resolve();
    });
  });
  return ready;
}

async function claim(index: number): Promise<void> {
  for (;;) {
    try {
      outcomes[index] = await guard.claim(claimOf(`${index}`));
      return;
    } catch {
      failures++;
      await reconnected();
    }
  }
}

/** Says so to the parent, and waits until it says go. */
async function inStep(): Promise<void> {
  process.send?.("ready");
  await once(process, "message");
}

for (let from = 0; from < Number(count); from += inFlight) {
  await inStep();
  await Promise.all(Array.from({ length: inFlight }, (_, i) => claim(from + i)));
}
const report: ClaimingReport = { outcomes, failures };
process.send?.(report);
client.destroy();
process.disconnect();
