import { freemem } from "node:os";
import { startProgram } from "../harness/child.mjs";
import { usageDuring } from "../harness/process-usage.mjs";
import { median } from "../harness/statistics.mjs";
import { redisVersion, startRedis } from "./redis-server.mjs";

const program = new URL("redis-program.mjs", import.meta.url);
const flights = { "one in flight": 1, "64 in flight": 64 };
const bytesPerId = 400; // no more than this

/**
 * The guard in a Redis of its own, which is filled further from row to row: bytes of a live id, and time
 * and CPU of the claims that follow. `skipped` says why there are no rows, or not all.
 */
export async function measureRedis(execPath, { ids, rounds, claims }) {
  const version = redisVersion();
  if (version === undefined) return skipped("redis-server is not on the path", {});
  const rows = {};
  const redis = await startRedis();
  /** A new process each time: filling leaves garbage, and clearing it up is no part of a claim. */
  async function withClient(act) {
    const client = await startProgram(program, { execPath, data: { path: redis.path } });
    try {
      return await act(client);
    } finally {
      await client.stop();
    }
  }
  try {
    const empty = await redis.usage();
    for (const count of ids) {
      if (freemem() < count * bytesPerId)
        return skipped(`no memory for ${count} ids`, rows, version);
      const { keys } = await redis.usage();
      await withClient((client) =>
        client.ask({ count: count - (keys - empty.keys), inFlight: 64 }),
      );
      const filled = await redis.usage();
      const row = { "bytes an id": (filled.bytes - empty.bytes) / (filled.keys - empty.keys) };
      for (const [name, inFlight] of Object.entries(flights)) {
        const claimed = await withClient((client) =>
          measureClaims({ client, redis, inFlight, rounds, claims }),
        );
        for (const [figure, value] of Object.entries(claimed)) row[`${figure}, ${name}`] = value;
      }
      rows[count] = row;
    }
    return { version, rows };
  } finally {
    await redis.stop();
  }
}

/** How long a claim takes, or how long after the last one it ends, and CPU of both processes. */
async function measureClaims({ client, redis, inFlight, rounds, claims }) {
  const claimMore = (warmup) => client.ask({ count: claims, inFlight, warmup });
  await claimMore(20 * claims);
  const pids = { client: client.pid, server: redis.pid };
  const { result, cpu } = await usageDuring(pids, async () => {
    const blocks = [];
    for (let round = 0; round < rounds; round++) blocks.push(await claimMore(0));
    return blocks;
  });
  return {
    "µs a claim": median(result.map(({ microseconds }) => microseconds)),
    "client CPU": cpu.client / (rounds * claims),
    "server CPU": cpu.server / (rounds * claims),
  };
}

function skipped(reason, rows, version) {
  console.error(`\nNot measured in Redis: ${reason}`);
  return { version, rows, skipped: reason };
}
