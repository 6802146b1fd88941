import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { WorkloadIdentity } from "@firsthand/core";
import { createTrustDomain } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import type { IdentityState } from "../identity-state.js";
import { alterX509, codesOf } from "./faults.test-support.js";
import {
  createScene,
  firstBackoff,
  passDelay,
  type Scene,
  until,
  untilState,
} from "./scene.test-support.js";
import type { WorkloadApiIdentity } from "./workload-api-identity.js";

const hour = 3_600_000;

function thumbprints(identity: WorkloadIdentity): readonly string[] {
  return identity.credentials().map(({ thumbprint }) => thumbprint);
}

/** Every change from now on. */
function changesOf(identity: WorkloadApiIdentity): readonly IdentityState[] {
  const changes: IdentityState[] = [];
  identity.subscribe((state) => changes.push(state));
  return changes;
}

/** Rotates, and waits until the identity has taken it in. */
async function rotate({ server }: Scene, identity: WorkloadApiIdentity): Promise<void> {
  const before = thumbprints(identity);
  await server.rotate();
  await until(() => thumbprints(identity).every((now, at) => now !== before[at]));
}

const expired = expect.objectContaining({ name: "CredentialError", code: "source_expired" });

describe("a rotation", () => {
  it("takes the place of all that was before, and tells so", async () => {
    const scene = await createScene();
    const identity = await scene.open({ profiles: ["x509"] });
    const changes = changesOf(identity);
    const before = identity.credentials();
    scene.clock.advance({ seconds: 1800 });
    await rotate(scene, identity);
    expect(identity.credentials()).toHaveLength(1);
    expect(identity.credentials()).not.toBe(before);
    expect(changes).toHaveLength(1);
    expect(changes[0]).toMatchObject({
      status: "ready",
      since: scene.clock.now() - 1_800_000,
      updatedAt: scene.clock.now(),
      expiresAt: scene.clock.now() + hour,
    });
  });

  it("brings an SVID and the authority behind it in one step", async () => {
    const scene = await createScene();
    const { domain, server } = scene;
    const identity = await scene.open({ profiles: ["x509"] });
    const seen: (readonly [string, readonly Uint8Array[]])[] = [];
    const end = identity.subscribe(() => {
      const authorities = identity.trustBundle(domain.name)?.x509Authorities ?? [];
      const ders = authorities.map(({ certificate }) => certificate.der);
      seen.push([thumbprints(identity).join(), ders]);
    });
    await domain.rotateAuthorities();
    domain.revokeOldAuthorities();
    await server.rotate();
    await until(() => seen.length > 0);
    end();
    expect(seen).toEqual([
      [thumbprints(identity).join(), [domain.authorities.x509.root.certificate]],
    ]);
    expect(identity.state.status).toBe("ready");
  });

  it("leaves no word about a message that says the same again", async () => {
    const scene = await createScene();
    const identity = await scene.open();
    const changes = changesOf(identity);
    const [credentials, bundle] = [identity.credentials(), identity.trustBundle(scene.domain.name)];
    scene.clock.advance(1000);
    await scene.server.pushBundles();
    await until(() => identity.state.updatedAt === scene.clock.now());
    await rotate(scene, identity);
    expect(changes.every(({ updatedAt }) => updatedAt === scene.clock.now())).toBe(true);
    expect(changes).toHaveLength(2); // of the rotation: X.509-SVID and WIT-SVID
    expect(identity.credentials()).not.toBe(credentials);
    expect(identity.trustBundle(scene.domain.name)).toBe(bundle);
  });

  it("WA-002 reconnects after the stream ended, and takes what is new", async () => {
    const scene = await createScene();
    const identity = await scene.open({ profiles: ["x509"] });
    const before = thumbprints(identity);
    const changes = changesOf(identity);
    scene.server.endStreams({ code: "UNAVAILABLE" });
    await untilState(identity, { status: "stale", code: "endpoint_unavailable" });
    expect(thumbprints(identity)).toEqual(before);
    await scene.server.rotate();
    await passDelay(scene.clock, firstBackoff);
    await untilState(identity, { status: "ready" });
    expect(thumbprints(identity)).not.toEqual(before);
    expect(changes.map(({ status }) => status)).toEqual(["stale", "ready"]);
  });

  it("reconnects at once a stream that had lasted", async () => {
    const scene = await createScene();
    const identity = await scene.open({ profiles: ["x509"] });
    scene.clock.advance(1000);
    scene.server.endStreams({ code: "UNAVAILABLE" });
    await until(() => scene.server.calls.length === 2);
    await untilState(identity, { status: "ready" });
    expect(scene.clock.pendingDelays().filter((delay) => delay < 10_000)).toEqual([]);
  });

  it("does not hurry where the stream ends each time", async () => {
    const scene = await createScene();
    const identity = await scene.open({ profiles: ["x509"] });
    for (let end = 1; end <= 3; end++) {
      scene.server.endStreams();
      await until(() => identity.state.status === "stale");
      await passDelay(scene.clock, firstBackoff); // and not longer, since each began well
      await untilState(identity, { status: "ready" });
      expect(scene.server.calls).toHaveLength(1 + end);
    }
  });
});

/** Collects what nobody holds any more. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  await setImmediate();
  collect();
}

describe("what is dropped", () => {
  const ends: readonly [
    string,
    (scene: Scene, identity: WorkloadApiIdentity) => Promise<unknown>,
  ][] = [
    ["a rotation", (scene, identity) => rotate(scene, identity)],
    [
      "a withdrawal",
      async ({ server }, identity) => {
        await server.withdraw();
        await untilState(identity, { status: "expired", code: "workload_unregistered" });
      },
    ],
    ["close", (_, identity) => identity.close()],
  ];

  it.each(ends)("holds no key after %s", async (_, end) => {
    const scene = await createScene();
    const identity = await scene.open();
    const held = identity.credentials().map((credential) => new WeakRef(credential.key));
    await collectGarbage();
    expect(held.map((key) => key.deref() !== undefined)).toEqual([true, true]);
    await end(scene, identity);
    await collectGarbage();
    expect(held.map((key) => key.deref())).toEqual([undefined, undefined]);
  });
});

describe("an outage", () => {
  it("keeps the last good state until it expires", async () => {
    const scene = await createScene({ profiles: ["x509"] });
    const { clock, domain } = scene;
    const identity = await scene.open();
    const changes = changesOf(identity);
    const [credential] = identity.credentials();
    await scene.server.kill();
    await untilState(identity, { status: "stale", code: "endpoint_unavailable" });
    clock.advance(3_599_999);
    expect(identity.credentials()).toEqual([credential]);
    expect(identity.trustBundle(domain.name)?.x509Authorities).toHaveLength(1);
    clock.advance(1);
    const state = await untilState(identity, { status: "expired", code: "credential_expired" });
    expect(codesOf(state.reason)[1]).toMatch(/^endpoint_/);
    expect(() => identity.credentials()).toThrow(expired);
    expect(() => identity.trustBundle(domain.name)).toThrow(expired);
    await scene.server.restart();
    await scene.server.rotate();
    clock.advance(30_000);
    await untilState(identity, { status: "ready" });
    expect(identity.credentials()).not.toEqual([credential]);
    const statuses = changes.map(({ status }) => status);
    expect(statuses.filter((status, at) => status !== statuses[at - 1])).toEqual([
      "stale",
      "expired",
      "ready",
    ]);
  });

  it("waits longer after each attempt that fails", async () => {
    const scene = await createScene({ profiles: ["x509"] });
    const identity = await scene.open();
    await scene.server.kill();
    for (const wait of [1, 2, 4, 8]) await passDelay(scene.clock, wait * firstBackoff);
    await passDelay(scene.clock, 10_000 * 0.77);
    await until(() => scene.clock.pendingDelays().includes(10_000 * 0.77));
    expect(identity.state).toMatchObject({
      status: "stale",
      reason: { code: "endpoint_unreachable" },
    });
    await scene.server.restart();
    scene.clock.advance(10_000 * 0.77);
    await untilState(identity, { status: "ready" });
  });

  it("WA-028 finds a stream that is open and dead, and replaces it", async () => {
    const scene = await createScene({ profiles: ["x509"] });
    const identity = await scene.open();
    const before = thumbprints(identity);
    const end = scene.server.fault({ kind: "silence" });
    await passDelay(scene.clock, 20_000);
    await passDelay(scene.clock, 10_000);
    await untilState(identity, { status: "stale", code: "endpoint_stalled" });
    expect(thumbprints(identity)).toEqual(before);
    await scene.server.rotate();
    end();
    await untilState(identity, { status: "ready" });
    expect(thumbprints(identity)).not.toEqual(before);
  });

  it("stays stale while one of several streams is away", async () => {
    const scene = await createScene();
    const identity = await scene.open();
    const methods = ["FetchJWTBundles"] as const;
    const end = scene.server.fault({ kind: "status", code: "UNAVAILABLE", methods });
    scene.server.endStreams({ code: "UNAVAILABLE" });
    await until(() => identity.state.status === "stale");
    await passDelay(scene.clock, firstBackoff);
    await until(() => scene.clock.pendingDelays().includes(2 * firstBackoff));
    await until(() => scene.server.openStreams() === 3);
    await rotate(scene, identity);
    expect(identity.state).toMatchObject({
      status: "stale",
      reason: { code: "endpoint_unavailable" },
    });
    end();
    scene.clock.advance(2 * firstBackoff);
    await untilState(identity, { status: "ready" });
  });

  it.each([
    ["INVALID_ARGUMENT", "endpoint_refused"],
    ["UNIMPLEMENTED", "endpoint_unsupported"],
  ] as const)("does not come back after %s, and keeps what there is", async (status, code) => {
    const scene = await createScene({ profiles: ["x509"] });
    const identity = await scene.open();
    const before = thumbprints(identity);
    scene.clock.advance(1000);
    scene.server.endStreams({ code: status });
    await untilState(identity, { status: "stale", code });
    expect(thumbprints(identity)).toEqual(before);
    expect(scene.server.calls.filter(({ method }) => method === "FetchX509SVID")).toHaveLength(1);
    await until(() => scene.clock.pendingDelays().length === 1); // only the end of the SVID is waited for
    scene.clock.advance(3_600_000);
    await untilState(identity, { status: "expired", code: "credential_expired" });
    expect(() => identity.credentials()).toThrow(expired);
  });
});

describe("a withdrawal", () => {
  it("drops everything at once when the workload is not registered any more", async () => {
    const scene = await createScene();
    const { domain, server, clock } = scene;
    const identity = await scene.open();
    const before = thumbprints(identity);
    await server.withdraw();
    const { ids, expiresAt, reason } = await untilState(identity, {
      status: "expired",
      code: "workload_unregistered",
    });
    expect([ids, expiresAt]).toEqual([[], undefined]);
    expect(() => identity.credentials()).toThrow(expired);
    expect(() => identity.credentials()).toThrow(expect.objectContaining({ cause: reason }));
    expect(() => identity.trustBundle(domain.name)).toThrow(expired);
    await passDelay(clock, firstBackoff);
    await until(
      () => clock.pendingDelays().filter((wait) => wait === 2 * firstBackoff).length === 4,
    );
    const changes = changesOf(identity);
    await server.register(["/wa-a"]);
    clock.advance(2 * firstBackoff);
    await untilState(identity, { status: "ready" });
    expect(thumbprints(identity)).toHaveLength(2);
    expect(thumbprints(identity)).not.toEqual(before);
    expect(changes.at(-1)).toMatchObject({ status: "ready" });
  });

  it("says only once that nothing is left", async () => {
    const scene = await createScene({ profiles: ["x509"] });
    const identity = await scene.open();
    const changes = changesOf(identity);
    await scene.server.withdraw();
    for (const wait of [1, 2, 4]) await passDelay(scene.clock, wait * firstBackoff);
    await until(() => scene.clock.pendingDelays().includes(8 * firstBackoff));
    expect(changes.map(({ status }) => status)).toEqual(["expired"]);
  });

  it("says so when the profile is not offered any more, after that", async () => {
    const scene = await createScene({ profiles: ["x509"] });
    const identity = await scene.open();
    await scene.server.withdraw();
    await untilState(identity, { status: "expired", code: "workload_unregistered" });
    scene.server.fault({ kind: "status", code: "UNIMPLEMENTED" });
    await passDelay(scene.clock, firstBackoff);
    await untilState(identity, { status: "expired", code: "endpoint_unsupported" });
    await until(() => scene.clock.pendingDelays().length === 0);
  });

  it("drops only the profile that is denied", async () => {
    const scene = await createScene();
    const { domain, server } = scene;
    const identity = await scene.open();
    const methods = ["FetchX509SVID"] as const;
    server.fault({ kind: "status", code: "PERMISSION_DENIED", methods });
    server.endStreams({ code: "UNAVAILABLE" });
    await until(() => identity.state.status === "stale");
    await passDelay(scene.clock, firstBackoff);
    await until(() => identity.credentials().length === 1);
    await untilState(identity, { status: "stale", code: "workload_unregistered" });
    expect(identity.credentials()).toMatchObject([{ kind: "wit-svid" }]);
    const bundle = identity.trustBundle(domain.name);
    expect(bundle?.x509Authorities).toEqual([]);
    expect(bundle?.jwtAuthorities.size).toBe(1);
    expect(bundle?.witAuthorities.size).toBe(1);
  });

  it("drops the identity that was asked for when it is not offered any more", async () => {
    const scene = await createScene({ workloads: ["/wa-a", "/wa-b"] });
    const id = "spiffe://td.example/wa-b";
    const identity = await scene.open({ id });
    expect(identity.state.ids.map(String)).toEqual([id]);
    await scene.server.register(["/wa-a"]);
    const { reason } = await untilState(identity, {
      status: "expired",
      code: "identity_unexpected",
    });
    expect(reason?.message).toMatch(/wanted .+\/wa-b, offered spiffe:\/\/td\.example\/wa-a$/);
    expect(() => identity.credentials()).toThrow(expired);
    await scene.server.register(["/wa-a", "/wa-b"]);
    await untilState(identity, { status: "ready" });
    expect(identity.state.ids.map(String)).toEqual([id]);
  });

  it("follows the default identity to another", async () => {
    const scene = await createScene({ workloads: ["/wa-a", "/wa-b"], profiles: ["x509"] });
    const identity = await scene.open();
    await scene.server.register(["/wa-b"]);
    await until(() => String(identity.state.ids) === "spiffe://td.example/wa-b");
    expect(identity.state.status).toBe("ready");
  });

  it("takes away the bundle of a domain that is not federated any more", async () => {
    const federated = await createTrustDomain("partner.example");
    const scene = await createScene({ federated });
    const identity = await scene.open({ profiles: ["x509"] });
    const own = identity.trustBundle(scene.domain.name);
    expect(identity.trustBundle(federated.name)).toBeDefined();
    scene.server.fault(alterX509((response) => ({ ...response, federatedBundles: new Map() })));
    await scene.server.pushBundles();
    await until(() => identity.trustBundle(federated.name) === undefined);
    expect(identity.trustBundle(scene.domain.name)).toBe(own);
    expect(identity.state.status).toBe("ready");
  });

  it("trusts nothing of a federated domain that is left without an authority", async () => {
    const federated = await createTrustDomain("partner.example");
    const scene = await createScene({ federated });
    const identity = await scene.open({ profiles: ["x509"] });
    const key = `spiffe://${federated.name}`;
    scene.server.fault(
      alterX509((response) => ({
        ...response,
        federatedBundles: new Map([[key, new Uint8Array()]]),
      })),
    );
    await scene.server.pushBundles();
    await until(() => identity.trustBundle(federated.name)?.x509Authorities.length === 0);
    expect(identity.state.status).toBe("ready");
  });

  it.each(["x509", "wit"] as const)(
    "lets a removed authority go, although our SVID is of it (%s)",
    async (profile) => {
      const scene = await createScene();
      const { domain, server } = scene;
      const identity = await scene.open({ profiles: [profile] });
      const [credential] = identity.credentials();
      const before = identity.trustBundle(domain.name);
      await domain.rotateAuthorities();
      domain.revokeOldAuthorities();
      await server.pushBundles();
      await until(() => identity.trustBundle(domain.name) !== before);
      const { reason } = await untilState(identity, { status: "stale", code: "response_invalid" });
      expect(codesOf(reason)[1]).toBe(
        { x509: "certificate_untrusted", wit: "token_key_unknown" }[profile],
      );
      expect(identity.credentials()).toEqual([credential]);
      const now = identity.trustBundle(domain.name);
      expect(now?.x509Authorities.length).toBe(before?.x509Authorities.length);
      expect(now?.x509Authorities.some((kept) => before?.x509Authorities.includes(kept))).toBe(
        false,
      );
      await server.rotate();
      await untilState(identity, { status: "ready" });
      expect(identity.credentials()).not.toEqual([credential]);
    },
  );
});

describe("the identity", () => {
  const external = "external";

  it("WA-007 is the first of two that have the same hint", async () => {
    const { open } = await createScene({
      workloads: [
        { workload: "/wa-a", hint: "internal" },
        { workload: "/wa-b", hint: external },
        { workload: "/wa-c", hint: external },
      ],
    });
    const identity = await open({ hint: external });
    expect(identity.state.ids.map(String)).toEqual(["spiffe://td.example/wa-b"]);
  });

  it("is the one with the ID and the hint", async () => {
    const { open, clock } = await createScene({
      workloads: [
        { workload: "/wa-b", hint: "internal" },
        { workload: "/wa-b", hint: external, x509Svid: { ttlSeconds: 60 } },
      ],
    });
    const identity = await open({ id: "spiffe://td.example/wa-b", hint: external });
    expect(identity.state.expiresAt).toBe(clock.now() + 60_000);
  });
});
