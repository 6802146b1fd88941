import { ConfigurationError, type ReplayGuard } from "@firsthand/core";
import { createTestClock } from "@firsthand/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRedisReplayGuard, type RedisClient } from "../src/index.js";
import { connect, ioredis, nodeRedis, type OpenClient } from "./support/clients.js";
import { claimOf, now, openGuard } from "./support/guard.js";
import {
  describeWithRedis,
  type RedisServer,
  startRedis,
  stopServers,
} from "./support/redis-server.js";

afterAll(stopServers);

const nowhere = { set: async () => null, info: async () => "" };

async function refused(opening: Promise<ReplayGuard>): Promise<ConfigurationError> {
  const error = await opening.then(
    () => expect.fail("it was opened"),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConfigurationError);
  return error as ConfigurationError;
}

describe("openRedisReplayGuard", () => {
  it.each<[option: string, options: Record<string, unknown>]>([
    ["client", {}],
    ["client", { client: "redis://127.0.0.1" }],
    ["client", { client: { set() {} } }],
    ["prefix", { client: nowhere, prefix: "" }],
    ["prefix", { client: nowhere, prefix: "a{b}" }],
    ["prefix", { client: nowhere, prefix: "a".repeat(65) }],
    ["unsafeUncheckedEviction", { client: nowhere, unsafeUncheckedEviction: "yes" }],
    ["unsafeUncheckedEvicton", { client: nowhere, unsafeUncheckedEvicton: true }],
    ["clock", { client: nowhere, clock: Date }],
  ])("names the option that is wrong: %s", async (option, options) => {
    const error = await refused(openRedisReplayGuard(options as never));
    expect(error).toMatchObject({ code: "option_invalid", option });
  });
});

describeWithRedis("openRedisReplayGuard with a server", () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await startRedis();
  });

  it("waits for the next second, from which on proofs are accepted, the first time only", async () => {
    const { client, command } = await connect(server);
    await command("FLUSHALL");
    const clock = createTestClock(now * 1000 + 250);
    const opening = openRedisReplayGuard({ client, clock });
    while (!clock.pendingDelays().includes(750)) await new Promise(setImmediate);
    clock.advance(750);
    const guard = await opening;
    expect(clock.pendingDelays()).toEqual([]);
    expect(await guard.claim(claimOf("a", { issuedAt: now }))).toBe("before_start");
    expect(await guard.claim(claimOf("b", { issuedAt: now + 1 }))).toBe("first");
    await openRedisReplayGuard({ client, clock }); // nothing advances its clock
  });

  it.each([
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
  ])("RC-006 refuses a server that evicts by %s", async (policy) => {
    const { client, command } = await connect(server);
    await command("CONFIG", "SET", "maxmemory-policy", policy);
    const error = await refused(openRedisReplayGuard({ client }));
    await command("CONFIG", "SET", "maxmemory-policy", "noeviction");
    expect(error).toMatchObject({ option: "client" });
    expect(error.message).toContain(`it says ${policy}`);
  });

  it.each<[title: string, open: OpenClient]>([
    ["redis", nodeRedis],
    ["ioredis", ioredis],
  ])("passes on what a server says that does not allow INFO, to %s", async (_, open) => {
    const { client, command } = await connect(server, open);
    await command("ACL", "SETUSER", "default", "-info");
    try {
      await expect(openRedisReplayGuard({ client })).rejects.toThrow("NOPERM");
      const guard = await openGuard({ client, unsafeUncheckedEviction: true });
      expect(await guard.claim(claimOf(`without INFO ${_}`))).toBe("first");
    } finally {
      await command("ACL", "SETUSER", "default", "+info");
    }
  });

  it("refuses an answer to INFO that does not say how it evicts", async () => {
    const { client } = await connect(server);
    const wrapped: RedisClient = { set: client.set.bind(client), info: async () => "# Memory" };
    const error = await refused(openRedisReplayGuard({ client: wrapped }));
    expect(error.message).toContain("it says nothing about that");
  });

  it.each<[title: string, lose: (options: object) => object]>([
    ["NX", () => ({ PX: 1000 })],
    ["everything", () => ({})],
  ])("refuses a client that loses %s of a SET", async (_, lose) => {
    const { client } = await connect(server);
    const wrapped: RedisClient = {
      info: client.info.bind(client),
      set: (key, value, options) => client.set(key, value, lose(options) as never),
    };
    const error = await refused(openRedisReplayGuard({ client: wrapped }));
    expect(error.message).toContain("or of a known one that it is new");
  });

  it("gives up after ten seconds on a server that hangs", async () => {
    const { client } = await connect(server);
    const clock = createTestClock();
    server.freeze();
    try {
      const opening = refused(openRedisReplayGuard({ client, clock }));
      expect(clock.pendingDelays()).toEqual([10_000]);
      clock.advance(10_000);
      expect((await opening).message).toContain("did not answer in 10 seconds");
    } finally {
      server.thaw();
    }
  });

  it("fails with the error of a client whose server is gone", async () => {
    const gone = await startRedis();
    const { client } = await connect(gone, ioredis);
    await gone.kill();
    await expect(openRedisReplayGuard({ client })).rejects.toThrow();
  });

  it.each(["", "yesterday", "-1", "1e9", "9999999999999999"])(
    "RC-011 refuses to claim where the start of the record is %o",
    async (text) => {
      const { client, command } = await connect(server);
      const prefix = `strange${text}`;
      const guard = await openGuard({ client, prefix });
      const claim = claimOf("strange");
      await command("SET", `${prefix}:{${claim.key.charAt(0)}}:since`, text);
      await expect(guard.claim(claim)).rejects.toThrow("since when");
    },
  );

  it("RC-011 refuses an answer that SET does not have", async () => {
    const { client } = await connect(server);
    let isOpen = false;
    const wrapped: RedisClient = {
      info: client.info.bind(client),
      async set(key, value, options) {
        const answer = await client.set(key, value, options);
        return isOpen && answer === "OK" ? 1 : answer;
      },
    };
    const guard = await openGuard({ client: wrapped });
    isOpen = true;
    await expect(guard.claim(claimOf("one"))).rejects.toThrow("an answer that SET does not have");
  });
});
