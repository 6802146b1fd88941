import type { ReplayOutcome } from "@firsthand/core";
import { createTestClock } from "@firsthand/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, connect, ioredis, nodeRedis, type OpenClient } from "./support/clients.js";
import { claimOf, now, openGuard } from "./support/guard.js";
import {
  describeWithRedis,
  type RedisServer,
  startRedis,
  stopServers,
} from "./support/redis-server.js";

afterAll(stopServers);

describeWithRedis("a guard on Redis", () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await startRedis();
  });

  describe.each(clients)("with %s", (name, open) => {
    const claim = (key: string, changes = {}) => claimOf(`${name} ${key}`, changes);
    const openHere = async () => openGuard({ client: (await connect(server, open)).client });

    it("takes a proof once", async () => {
      const guard = await openHere();
      expect(await guard.claim(claim("a"))).toBe("first");
      expect(await guard.claim(claim("a"))).toBe("replayed");
      expect(await guard.claim(claim("b"))).toBe("first");
    });

    it("takes a proof once from all who ask at a time, whichever client they have", async () => {
      const guards = await Promise.all([openHere(), openHere(), openGuardOf(ioredis)]);
      const claims = Array.from({ length: 300 }, (_, i) => guards[i % 3]?.claim(claim("race")));
      const outcomes = await Promise.all(claims);
      expect(outcomes.filter((outcome) => outcome === "first")).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === "replayed")).toHaveLength(299);
    });

    it("remembers a proof for as long as it lives, and a second more", async () => {
      const { client, command } = await connect(server, open);
      const guard = await openGuard({ client, prefix: "ttl" });
      const { key } = claim("ttl");
      await guard.claim(claim("ttl", { ttlSeconds: 90.5 }));
      const left = await command("PTTL", `ttl:{${key.charAt(0)}}:${key}`);
      expect(left).toBeGreaterThan(90_000);
      expect(left).toBeLessThanOrEqual(91_500);
    });

    it("keeps the proofs of two prefixes apart", async () => {
      const { client } = await connect(server, open);
      const guards = [await openGuard({ client }), await openGuard({ client, prefix: "other" })];
      for (const guard of guards) expect(await guard.claim(claim("apart"))).toBe("first");
    });
  });

  const openGuardOf = async (open: OpenClient) =>
    openGuard({ client: (await connect(server, open)).client });
});

describeWithRedis("a server that is full", () => {
  it("RC-006 takes nothing new, and forgets nothing that lives", async () => {
    const server = await startRedis("--maxmemory 2mb");
    const { client, command } = await connect(server);
    const guard = await openGuard({ client });
    let taken = 0;
    let outcome: ReplayOutcome = "first";
    for (; outcome === "first"; taken++) outcome = await guard.claim(claimOf(`${taken}`));
    expect(outcome).toBe("full");
    expect(taken).toBeGreaterThan(100);
    const again = Array.from({ length: taken - 1 }, (_, i) => guard.claim(claimOf(`${i}`)));
    const outcomes = new Set(await Promise.all(again));
    outcomes.delete("full"); // a full server refuses to look
    expect([...outcomes].filter((each) => each !== "replayed")).toEqual([]);
    await command("CONFIG", "SET", "maxmemory", "0");
    const all = Array.from({ length: taken - 1 }, (_, i) => guard.claim(claimOf(`${i}`)));
    expect(new Set(await Promise.all(all))).toEqual(new Set(["replayed"]));
    expect(await guard.claim(claimOf("one more"))).toBe("first");
  });
});

describeWithRedis("a server that ends and comes back", () => {
  it.each(clients)("is an error of %s while it is gone", async (_, open) => {
    const server = await startRedis();
    const guard = await openGuard({ client: (await connect(server, open)).client });
    expect(await guard.claim(claimOf("before"))).toBe("first");
    await server.kill();
    await expect(guard.claim(claimOf("while"))).rejects.toThrow();
  });

  it("remembers everything that it wrote to its disk", async () => {
    const server = await startRedis("--appendonly yes --appendfsync always");
    const before = await openGuard({ client: (await connect(server)).client });
    const claims = Array.from({ length: 100 }, (_, i) => claimOf(`${i}`));
    for (const claim of claims) expect(await before.claim(claim)).toBe("first");
    await server.kill();
    await server.restart();
    const after = await openGuard({ client: (await connect(server)).client });
    for (const claim of claims) expect(await after.claim(claim)).toBe("replayed");
    expect(await after.claim(claimOf("another"))).toBe("first");
  });

  it("RC-008 refuses what was proved until it lost its memory", async () => {
    const server = await startRedis();
    const clock = createTestClock();
    const { client } = await connect(server, ioredis);
    const guard = await openGuard({ client }, clock);
    expect(await guard.claim(claimOf("a"))).toBe("first");
    await server.kill();
    await server.restart();
    const back = await connect(server, nodeRedis);
    const other = await openGuard({ client: back.client }, clock);
    const until = now + 10; // where the clock of the test stands
    expect(await other.claim(claimOf("a"))).toBe("before_start");
    expect(await other.claim(claimOf("b", { issuedAt: until }))).toBe("before_start");
    expect(await other.claim(claimOf("c", { issuedAt: until + 1 }))).toBe("first");
    expect(await other.claim(claimOf("c", { issuedAt: until + 1 }))).toBe("replayed");
  });

  it("RC-008 refuses them also where no guard was opened since", async () => {
    const server = await startRedis();
    const clock = createTestClock();
    const { client, command } = await connect(server);
    const guard = await openGuard({ client }, clock);
    expect(await guard.claim(claimOf("a"))).toBe("first");
    await command("FLUSHALL");
    expect(await guard.claim(claimOf("a"))).toBe("before_start");
    clock.advance({ seconds: 1 });
    const issuedAt = now + 11;
    const later = Array.from({ length: 200 }, (_, i) => guard.claim(claimOf(`${i}`, { issuedAt })));
    expect(new Set(await Promise.all(later))).toEqual(new Set(["first"]));
  });

  it("RC-008 refuses proofs without iat until all that it may have forgotten are dead", async () => {
    const server = await startRedis();
    const clock = createTestClock();
    const guard = await openGuard({ client: (await connect(server)).client }, clock);
    expect(await guard.claim(claimOf("a", { issuedAt: undefined }))).toBe("before_start");
    clock.advance({ seconds: 590 });
    expect(await guard.claim(claimOf("b", { issuedAt: undefined }))).toBe("before_start");
    clock.advance({ seconds: 1 });
    expect(await guard.claim(claimOf("c", { issuedAt: undefined }))).toBe("first");
  });
});
