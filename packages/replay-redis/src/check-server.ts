import { invalidOption } from "@firsthand/core";
import type { RedisCommands } from "./redis-client.js";

/**
 * A server that evicts forgets proofs that live, and a flood would make it forget the right one.
 *
 * @throws {ConfigurationError} naming the option `client`
 */
export async function refuseEviction(commands: RedisCommands): Promise<void> {
  const policy = /^maxmemory_policy:([\w-]+)\r?$/m.exec(String(await commands.memoryInfo()))?.[1];
  if (policy === "noeviction") return;
  const problem = `the server has to keep what it was given, with maxmemory-policy noeviction; it says ${policy ?? "nothing about that"}`;
  throw invalidOption("openRedisReplayGuard", "client", problem);
}

/**
 * Uses a proof that nobody has made, twice: a client that is wrapped, or of another kind than it
 * looks, could say yes to everything.
 *
 * @throws {ConfigurationError} naming the option `client`
 */
export async function refuseUnsoundClient(commands: RedisCommands, key: string): Promise<void> {
  const first = await commands.setOnce(key, probeMilliseconds);
  const second = await commands.setOnce(key, probeMilliseconds);
  if (first === "OK" && second === null) return;
  const problem = "the server says of a new key that it is there, or of a known one that it is new";
  throw invalidOption("openRedisReplayGuard", "client", problem);
}

const probeMilliseconds = 1000;
