import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "redis";
import { startExecutable } from "../harness/child.mjs";

const command = "redis-server";

/** What `redis-server` on the path says of its version; undefined where there is none. */
export function redisVersion() {
  try {
    return /v=([\d.]+)/.exec(execFileSync(command, ["--version"], { encoding: "utf8" }))?.[1];
  } catch {
    return undefined;
  }
}

/** A Redis with nothing in it, in memory only, on a socket that no other process knows. */
export async function startRedis() {
  const folder = mkdtempSync(join(tmpdir(), "firsthand-bench-redis-"));
  const path = join(folder, "redis.sock");
  const options = { port: 0, unixsocket: path, dir: folder, save: "", appendonly: "no" };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = startExecutable(command, args);
  const client = createClient({ socket: { path } });
  client.on("error", () => undefined); // until it listens; later ones fail the command
  await client.connect();
  return {
    pid: server.pid,
    path,
    /** Bytes that it says are in use, and how many keys it has. */
    async usage() {
      const used = /^used_memory:(\d+)/m.exec(await client.info("memory"))?.[1];
      return { bytes: Number(used), keys: await client.dbSize() };
    },
    async stop() {
      client.destroy();
      await server.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
