import { Cluster } from "ioredis";
import { createCluster } from "redis";
import { onTestFinished } from "vitest";
import type { RedisClient } from "../../src/index.js";
import { nodeRedis } from "./clients.js";
import { freePort } from "./free-port.js";
import { startRedis } from "./redis-server.js";

const slots = 16_384;

/** Two primaries that share the slots of a cluster. @returns their ports */
export async function startCluster(): Promise<readonly number[]> {
  const ports = [await freePort(), await freePort()];
  const nodes = await Promise.all(
    ports.map(async (port) => {
      const bus = await freePort();
      const server = await startRedis(`--cluster-enabled yes --cluster-port ${bus}`, port);
      return { port, bus, client: await nodeRedis(server) };
    }),
  );
  onTestFinished(() => {
    for (const { client } of nodes) client.close();
  });
  const [first, second] = nodes as [(typeof nodes)[number], (typeof nodes)[number]];
  const half = `${slots / 2}`;
  await first.client.command("CLUSTER", "ADDSLOTSRANGE", "0", `${slots / 2 - 1}`);
  await second.client.command("CLUSTER", "ADDSLOTSRANGE", half, `${slots - 1}`);
  await first.client.command("CLUSTER", "MEET", "127.0.0.1", `${second.port}`, `${second.bus}`);
  for (const { client } of nodes) {
    for (;;) {
      const info = String(await client.command("CLUSTER", "INFO"));
      if (/cluster_state:ok[\s\S]*cluster_known_nodes:2/.test(info)) break;
      await new Promise(setImmediate);
    }
  }
  return ports;
}

/** Clients of the cluster, which learn of one node by the other. */
export async function clusterClients(
  ports: readonly number[],
): Promise<readonly (readonly [title: string, client: RedisClient])[]> {
  const [port = 0] = ports;
  const redis = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${port}` }] });
  redis.on("error", () => undefined);
  await redis.connect();
  const ioredis = new Cluster([{ host: "127.0.0.1", port }], { lazyConnect: true });
  await ioredis.connect();
  onTestFinished(() => {
    redis.destroy();
    ioredis.disconnect();
  });
  return [
    ["redis", redis],
    ["ioredis", ioredis],
  ];
}
