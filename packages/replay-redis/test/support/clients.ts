import { Redis } from "ioredis";
import { createClient, createClientPool } from "redis";
import { onTestFinished } from "vitest";
import type { IoredisClient, NodeRedisClient, RedisClient } from "../../src/index.js";
import type { RedisServer } from "./redis-server.js";

/** A server that listens on a socket. */
export type Address = Pick<RedisServer, "socket">;

export type OpenClient<Client extends RedisClient = RedisClient> = (
  server: Address,
) => Promise<TestClient<Client>>;

/** A client that gives up at once when its connection does, so that nothing waits for it. */
export interface TestClient<Client extends RedisClient> {
  readonly client: Client;
  /** Any command, past the guard. */
  command(...args: readonly string[]): Promise<unknown>;
  close(): unknown;
}

export async function nodeRedis({ socket }: Address): Promise<TestClient<NodeRedisClient>> {
  const client = createClient({
    socket: { path: socket, reconnectStrategy: 10 },
    disableOfflineQueue: true,
  });
  client.on("error", () => undefined);
  await client.connect();
  const close = () => client.destroy();
  return { client, command: (...args) => client.sendCommand([...args]), close };
}

export async function nodeRedisPool({ socket }: Address): Promise<TestClient<NodeRedisClient>> {
  const client = createClientPool(
    { socket: { path: socket, reconnectStrategy: 10 }, disableOfflineQueue: true },
    { minimum: 2, maximum: 4 },
  );
  client.on("error", () => undefined);
  await client.connect();
  return {
    client,
    command: (...args) => client.sendCommand([...args]),
    close: () => client.destroy(),
  };
}

export async function ioredis({ socket }: Address): Promise<TestClient<IoredisClient>> {
  const client = new Redis({
    path: socket,
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 10,
  });
  client.on("error", () => undefined);
  await client.connect();
  return {
    client,
    command: (command, ...args) => client.call(command as string, ...args),
    close: () => client.disconnect(),
  };
}

/** Each kind of client, and what it is called. */
export const clients: readonly (readonly [title: string, open: OpenClient])[] = [
  ["redis", nodeRedis],
  ["a pool of redis", nodeRedisPool],
  ["ioredis", ioredis],
];

/** A client that the end of the test closes. */
export async function connect<Client extends RedisClient = NodeRedisClient>(
  server: Address,
  open: OpenClient<Client> = nodeRedis as OpenClient<never>,
): Promise<TestClient<Client>> {
  const client = await open(server);
  onTestFinished(() => void client.close());
  return client;
}
