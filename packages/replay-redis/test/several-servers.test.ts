import { createClient } from "redis";
import { afterAll, expect, it } from "vitest";
import { connect } from "./support/clients.js";
import { freePort } from "./support/free-port.js";
import { claimOf, openGuard } from "./support/guard.js";
import { clusterClients, startCluster } from "./support/redis-cluster.js";
import { describeWithRedis, startRedis, stopServers } from "./support/redis-server.js";

afterAll(stopServers);

describeWithRedis("a cluster", () => {
  it("takes each proof once, on the node that it belongs to", async () => {
    const ports = await startCluster();
    const clients = await clusterClients(ports);
    const guards = await Promise.all(clients.map(([, client]) => openGuard({ client })));
    const claims = Array.from({ length: 500 }, (_, i) => claimOf(`${i}`));
    const outcomes = await Promise.all(
      claims.map(async (claim) => Promise.all(guards.map((guard) => guard.claim(claim)))),
    );
    for (const pair of outcomes) expect([...pair].sort()).toEqual(["first", "replayed"]);
  });

  it("RC-008 notices that one of its nodes lost its memory", async () => {
    const ports = await startCluster();
    const [[, client]] = (await clusterClients(ports)) as [readonly [string, never]];
    const guard = await openGuard({ client });
    const claims = Array.from({ length: 200 }, (_, i) => claimOf(`${i}`));
    const claimAll = () => Promise.all(claims.map((claim) => guard.claim(claim)));
    expect(new Set(await claimAll())).toEqual(new Set(["first"]));
    const node = createClient({ url: `redis://127.0.0.1:${ports[1]}` });
    await node.connect();
    await node.flushAll();
    node.destroy();
    expect(new Set(await claimAll())).toEqual(new Set(["replayed", "before_start"]));
  });
});

describeWithRedis("a failover", () => {
  it("forgets nothing that the replica had, and the old primary takes nothing", async () => {
    const port = await freePort();
    const primary = await startRedis("", port);
    const replica = await startRedis(`--replicaof 127.0.0.1 ${port}`);
    const before = await connect(primary);
    const guard = await openGuard({ client: before.client });
    expect(await guard.claim(claimOf("a"))).toBe("first");
    expect(await before.command("WAIT", "1", "0")).toBe(1);
    const after = await connect(replica);
    const early = openGuard({ client: after.client });
    await expect(early).rejects.toThrow("READONLY");
    await after.command("REPLICAOF", "NO", "ONE");
    await before.command("REPLICAOF", "127.0.0.1", "1");
    await expect(guard.claim(claimOf("b"))).rejects.toThrow("READONLY");
    const promoted = await openGuard({ client: after.client });
    expect(await promoted.claim(claimOf("a"))).toBe("replayed");
    expect(await promoted.claim(claimOf("b"))).toBe("first");
  });
});
