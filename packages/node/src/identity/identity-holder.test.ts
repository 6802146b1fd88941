import { channel } from "node:diagnostics_channel";
import { setImmediate } from "node:timers/promises";
import { CredentialError, type TrustDomain } from "@firsthand/core";
import { createTestClock, createTrustDomain, type TestClock } from "@firsthand/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import type { IdentitySnapshot } from "./assess-identity.js";
import type { IdentityMessage } from "./identity-channel.js";
import { IdentityHolder } from "./identity-holder.js";
import type { IdentityState } from "./identity-state.js";

const start = createTestClock().now();
const issuing = createTestClock();
const domain = await createTrustDomain("td.example", { clock: issuing });
const bundle = await domain.bundle();

/** One X.509-SVID for each time to live. */
async function snapshotOf(...ttls: readonly number[]): Promise<IdentitySnapshot> {
  const svids = ttls.map((ttlSeconds) => domain.issueX509Svid("/a", { ttlSeconds }));
  const credentials = (await Promise.all(svids)).map(({ credential }) => credential);
  return { credentials, bundles: new Map([[domain.name, bundle]]) };
}

interface Held {
  readonly clock: TestClock;
  readonly holder: IdentityHolder;
  readonly changes: readonly IdentityState[];
}

function hold(first: IdentitySnapshot): Held {
  const clock = createTestClock();
  const holder = new IdentityHolder(first, clock);
  onTestFinished(() => holder.close());
  const changes: IdentityState[] = [];
  holder.subscribe((state) => changes.push(state));
  return { clock, holder, changes };
}

const away = new CredentialError("endpoint_unavailable");
const unregistered = new CredentialError("workload_unregistered");
const failure = (code: string, cause?: unknown) => expect.objectContaining({ code, cause });

/** Lets delays that are due be noticed. */
async function pass({ clock }: Held, seconds: number): Promise<void> {
  clock.advance({ seconds });
  await setImmediate();
}

describe("the state of an identity", () => {
  it("is ready with a good snapshot", async () => {
    const { holder } = hold(await snapshotOf(60, 120));
    expect(holder.state).toEqual({
      status: "ready",
      reason: undefined,
      since: start,
      updatedAt: start,
      expiresAt: start + 60_000,
      ids: [holder.credentials()[0]?.id],
    });
    expect(Object.isFrozen(holder.state)).toBe(true);
    expect(holder.trustBundle(domain.name)).toBe(bundle);
    expect(holder.trustBundle("other.example" as TrustDomain)).toBeUndefined();
  });

  it("is stale in trouble, and ready again after an update", async () => {
    const held = hold(await snapshotOf(3600));
    const { clock, holder, changes } = held;
    clock.advance(1000);
    holder.degrade(away);
    clock.advance(1000);
    holder.degrade(new CredentialError("endpoint_unavailable"));
    holder.degrade(new CredentialError("endpoint_stalled"));
    clock.advance(1000);
    holder.update(await snapshotOf(3600));
    expect(changes).toMatchObject([
      { status: "stale", reason: away, since: start + 1000, updatedAt: start },
      { status: "stale", reason: { code: "endpoint_stalled" }, since: start + 1000 },
      { status: "ready", reason: undefined, since: start + 3000, updatedAt: start + 3000 },
    ]);
  });

  it("stays stale when an update comes while another part is in trouble", async () => {
    const { holder, changes } = hold(await snapshotOf(60));
    const [before] = holder.credentials();
    holder.degrade(away);
    holder.update(await snapshotOf(60), away);
    expect(changes.map(({ status }) => status)).toEqual(["stale", "stale"]);
    expect(holder.credentials()).not.toEqual([before]);
  });

  it("does not change by the same snapshot, but for the time", async () => {
    const snapshot = await snapshotOf(60);
    const { holder, changes, clock } = hold(snapshot);
    clock.advance(1000);
    holder.update(snapshot);
    expect(changes).toEqual([]);
    expect(holder.state).toMatchObject({ status: "ready", updatedAt: start + 1000, since: start });
    holder.degrade(away);
    holder.update(snapshot);
    expect(changes.map(({ status }) => status)).toEqual(["stale", "ready"]);
  });

  it("tells when credentials run out, one after the other", async () => {
    const held = hold(await snapshotOf(60, 300));
    const { holder, changes } = held;
    await pass(held, 59);
    expect(changes).toEqual([]);
    await pass(held, 1);
    expect(changes).toMatchObject([{ status: "stale", reason: { code: "credential_expired" } }]);
    expect(holder.credentials()).toHaveLength(2);
    for (let minute = 2; minute < 5; minute++) await pass(held, 60);
    expect(changes).toHaveLength(1);
    await pass(held, 60);
    expect(changes[1]).toMatchObject({ status: "expired", since: start + 300_000 });
    const { reason } = holder.state;
    expect(() => holder.credentials()).toThrow(failure("source_expired", reason));
    expect(() => holder.trustBundle(domain.name)).toThrow(failure("source_expired", reason));
    expect(held.clock.pendingDelays()).toEqual([]);
  });

  it("does not use what ran out before anybody noticed", async () => {
    const { clock, holder, changes } = hold(await snapshotOf(60));
    clock.stepWallClock(60);
    expect(() => holder.credentials()).toThrow(failure("source_expired", expect.anything()));
    expect(changes).toMatchObject([{ status: "expired" }]);
  });

  it("notices within a minute that the wall clock was set", async () => {
    const held = hold(await snapshotOf(7200));
    held.clock.stepWallClock(7200);
    expect(held.changes).toEqual([]);
    await pass(held, 60);
    expect(held.changes).toMatchObject([{ status: "expired" }]);
    held.clock.stepWallClock(-7200);
    expect(held.holder.state.status).toBe("ready");
  });

  it("says why it could not be renewed when it has run out", async () => {
    const held = hold(await snapshotOf(60));
    held.holder.degrade(away);
    await pass(held, 60);
    expect(held.changes.at(-1)).toMatchObject({
      status: "expired",
      reason: { code: "credential_expired", cause: away },
    });
  });

  it("watches the time of the newest snapshot only", async () => {
    const held = hold(await snapshotOf(60));
    held.holder.update(await snapshotOf(50));
    await setImmediate();
    expect(held.clock.pendingDelays()).toEqual([50_000]);
  });

  it("is expired at once when everything was taken back", async () => {
    const { holder, changes } = hold(await snapshotOf(60));
    holder.withdraw(unregistered);
    expect(changes).toMatchObject([
      { status: "expired", reason: unregistered, ids: [], expiresAt: undefined, updatedAt: start },
    ]);
    expect(() => holder.credentials()).toThrow(failure("source_expired", unregistered));
    expect(() => holder.credentials()).toThrow(unregistered.message);
    holder.withdraw(new CredentialError("workload_unregistered"));
    expect(changes).toHaveLength(1);
    holder.degrade(away);
    expect(changes[1]).toMatchObject({ status: "expired", reason: away });
    holder.update(await snapshotOf(60));
    expect(changes[2]).toMatchObject({ status: "ready" });
  });

  it("needs no credential where it only verifies", async () => {
    const held = hold({ ...(await snapshotOf()) });
    await pass(held, 1e6);
    expect(held.holder.credentials()).toEqual([]);
    expect(held.holder.state).toMatchObject({ status: "ready", expiresAt: undefined });
    expect(held.holder.trustBundle(domain.name)).toBe(bundle);
  });

  it("ends with close, for good", async () => {
    const { clock, holder, changes } = hold(await snapshotOf(60));
    holder.close();
    holder.close();
    holder.update(await snapshotOf(60));
    holder.degrade(away);
    holder.withdraw(unregistered);
    await setImmediate();
    expect(changes).toMatchObject([{ status: "expired", reason: { code: "source_closed" } }]);
    expect(() => holder.credentials()).toThrow(failure("source_closed", undefined));
    expect(() => holder.trustBundle(domain.name)).toThrow(failure("source_closed", undefined));
    expect(clock.pendingDelays()).toEqual([]);
  });

  it("closes also when everything was taken back before", async () => {
    const { holder, changes } = hold(await snapshotOf(60));
    holder.withdraw(unregistered);
    holder.close();
    expect(changes.map(({ reason }) => reason?.code)).toEqual([
      "workload_unregistered",
      "source_closed",
    ]);
  });
});

describe("listeners", () => {
  it("hear nothing after they were taken off, each for itself", async () => {
    const { holder } = hold(await snapshotOf(60));
    const heard: string[] = [];
    const listener = ({ status }: IdentityState) => heard.push(status);
    const end = holder.subscribe(listener);
    holder.subscribe(listener);
    holder.degrade(away);
    end();
    end();
    holder.update(await snapshotOf(60));
    expect(heard).toEqual(["stale", "stale", "ready"]);
  });

  it("may close the identity, and the others hear only of that", async () => {
    const { holder, changes } = hold(await snapshotOf(60));
    const heard: string[] = [];
    holder.subscribe(() => holder.close());
    holder.subscribe(({ reason }) => heard.push(reason?.code ?? ""));
    holder.degrade(away);
    expect(changes.map(({ reason }) => reason?.code)).toEqual([
      "endpoint_unavailable",
      "source_closed",
    ]);
    expect(heard).toEqual(["source_closed"]);
  });
});

describe("the channel firsthand:identity", () => {
  it("has the first state and each change as plain data", async () => {
    const messages: unknown[] = [];
    const listen = (message: unknown) => messages.push(message);
    channel("firsthand:identity").subscribe(listen);
    onTestFinished(() => void channel("firsthand:identity").unsubscribe(listen));
    const { holder } = hold(await snapshotOf(60));
    holder.degrade(away);
    const good: IdentityMessage = {
      status: "ready",
      code: undefined,
      message: undefined,
      ids: ["spiffe://td.example/a"],
      since: start,
      updatedAt: start,
      expiresAt: start + 60_000,
    };
    const bad = { ...good, status: "stale", code: "endpoint_unavailable", message: away.message };
    expect(messages).toEqual([good, bad]);
  });
});
