import { allow, createProver, createVerifier, type VerificationCode } from "@firsthand/core";
import {
  createTestClock,
  createTrustDomain,
  type RequestData,
  type TestClock,
  toProofRequest,
} from "@firsthand/testing";
import { afterAll, expect, it } from "vitest";
import { connect, ioredis, type OpenClient } from "./support/clients.js";
import { now, openGuard } from "./support/guard.js";
import { describeWithRedis, startRedis, stopServers } from "./support/redis-server.js";

afterAll(stopServers);

const origin = "https://orders.internal";

async function replicasOn(options = "", clock: TestClock = createTestClock()) {
  const server = await startRedis(options);
  const domain = await createTrustDomain("shop.example", { clock });
  const identity = await domain.identity("/orders");
  const replica = async (open?: OpenClient) => {
    const { client, command } = await connect(server, open);
    const replay = await openGuard({ client }, clock);
    const policy = allow("spiffe://shop.example/checkout");
    return { command, ...createVerifier({ identity, origin, policy, clock, replay }) };
  };
  const prover = createProver({
    identity: await domain.identity("/checkout"),
    peers: { [origin]: "spiffe://shop.example/orders" },
    clock,
  });
  const prove = async () => {
    const url = new URL(`${origin}/orders`);
    const { headers } = await prover.prove({ method: "GET", url, headers: [] });
    return toProofRequest({ method: "GET", target: "/orders", headers } as RequestData);
  };
  return { server, clock, prove, replicas: [await replica(), await replica(ioredis)] as const };
}

const codeOf = (verifying: Promise<unknown>): Promise<VerificationCode | "accepted"> =>
  verifying.then(
    () => "accepted",
    (error: { code: VerificationCode }) => error.code,
  );

describeWithRedis("replicas that share a guard", () => {
  it("RC-018 accept a proof once, between them", async () => {
    const { prove, replicas } = await replicasOn();
    const request = await prove();
    const outcomes = await Promise.all(replicas.map((each) => codeOf(each.verify(request))));
    expect(outcomes.sort()).toEqual(["accepted", "proof_replayed"]);
  });

  it("refuse with replay_guard_full when the server is full", async () => {
    const { prove, replicas } = await replicasOn();
    await replicas[0].command("CONFIG", "SET", "maxmemory", "1");
    const request = await prove();
    for (const { verify } of replicas)
      expect(await codeOf(verify(request))).toBe("replay_guard_full");
  });

  it("refuse with replay_guard_unavailable when the server hangs", async () => {
    const { server, clock, prove, replicas } = await replicasOn();
    const request = await prove();
    server.freeze();
    try {
      const verifying = replicas.map(({ verify }) => codeOf(verify(request)));
      while (clock.pendingDelays().length < 2) await new Promise(setImmediate);
      clock.advance(2000);
      expect(await Promise.all(verifying)).toEqual([
        "replay_guard_unavailable",
        "replay_guard_unavailable",
      ]);
    } finally {
      server.thaw();
    }
  });

  it("refuse with replay_guard_unavailable when the server is gone", async () => {
    const { server, prove, replicas } = await replicasOn();
    const request = await prove();
    await server.kill();
    for (const { verify } of replicas)
      expect(await codeOf(verify(request))).toBe("replay_guard_unavailable");
  });

  it.each([
    ["is a replica by now", ["REPLICAOF", "127.0.0.1", "1"]],
    ["lost too many replicas", ["CONFIG", "SET", "min-replicas-to-write", "1"]],
    ["may not write", ["ACL", "SETUSER", "default", "-set"]],
  ])("refuse with replay_guard_unavailable when the server %s", async (_, command) => {
    const { prove, replicas } = await replicasOn();
    await replicas[0].command(...command);
    const request = await prove();
    for (const { verify } of replicas)
      expect(await codeOf(verify(request))).toBe("replay_guard_unavailable");
  });

  it("refuse with proof_before_start what was proved until the server lost its memory", async () => {
    const { server, clock, prove, replicas } = await replicasOn();
    clock.set((now + 10) * 1000);
    const request = await prove();
    expect(await codeOf(replicas[0].verify(request))).toBe("accepted");
    await replicas[1].command("FLUSHALL");
    expect(await codeOf(replicas[1].verify(request))).toBe("proof_before_start");
    clock.advance({ seconds: 1 });
    expect(await codeOf(replicas[1].verify(await prove()))).toBe("accepted");
    await server.kill();
  });
});
