import { describe, expect, it } from "vitest";
import { expectOptionError, expectRefusal } from "../expect-error.test-support.js";
import { createScene, prove, verifierOf, verify } from "../scene.test-support.js";
import { type AuditOptions, createAudit } from "./audit.js";
import { accepted } from "./audit.test-support.js";
import type { AuditEvent } from "./audit-event.js";

/** A sink that fails while it is told to, and can be made to wait. */
function createSink() {
  const batches: AuditEvent[][] = [];
  const state = { isDown: false, gate: Promise.resolve() };
  const sink = async (events: readonly AuditEvent[]) => {
    await state.gate;
    if (state.isDown) throw new Error("disk full");
    batches.push([...events]);
  };
  return { state, sink, batches, events: () => batches.flat() };
}

function hold(state: { gate: Promise<void> }): () => void {
  let open = () => {};
  state.gate = new Promise((resolve) => {
    open = resolve;
  });
  return open;
}

describe("createAudit", () => {
  it.each<[option: string, options: object]>([
    ["sink", {}],
    ["sink", { sink: "stdout" }],
    ["service", { service: "" }],
    ["queueLimit", { queueLimit: -1 }],
    ["queueLimit", { queueLimit: 1.5 }],
    ["whenUnrecorded", { whenUnrecorded: "accept" }],
    ["queue", { queue: 5 }],
  ])("names the option that is wrong: %s", async (option, options) => {
    const sink = "sink" in options || option === "sink" ? {} : { sink: () => undefined };
    await expectOptionError(() => createAudit({ ...sink, ...options } as AuditOptions), option);
  });

  it("hands over one event for each decision, before it takes effect", async () => {
    const { sink, events } = createSink();
    const scene = await createScene();
    const { observer } = createAudit({ sink, service: "ledger" });
    const verifier = verifierOf(scene, { observer });
    const request = await prove(scene);
    await verify(verifier, request);
    expect(events()).toMatchObject([{ decision: "accepted", service: "ledger" }]);
    await expectRefusal(() => verify(verifier, request), "proof_replayed");
    expect(events()).toMatchObject([{}, { refusal: { code: "proof_replayed" } }]);
  });

  it("takes a sink that answers at once", async () => {
    const events: AuditEvent[] = [];
    const { observer } = createAudit({ sink: (batch) => void events.push(...batch) });
    await observer(accepted());
    expect(events).toHaveLength(1);
  });

  it.each([0, 10])("refuses what cannot be recorded, with a queue of %i", async (queueLimit) => {
    const { state, sink, events } = createSink();
    const scene = await createScene();
    const { observer, flush } = createAudit({ sink, queueLimit });
    const verifier = verifierOf(scene, { observer });
    state.isDown = true;
    if (queueLimit > 0) {
      await verify(verifier, await prove(scene)); // it is in the queue before the sink has failed
      await flush().catch(() => undefined);
    }
    await expectRefusal(async () => verify(verifier, await prove(scene)), "observer_failed");
    state.isDown = false;
    await verify(verifier, await prove(scene));
    await flush();
    expect(events().map(({ decision }) => decision)).toEqual(
      queueLimit > 0 ? ["accepted", "accepted"] : ["accepted"],
    );
  });

  it("refuses when the queue is full, and takes more when the sink has caught up", async () => {
    const { state, sink, events } = createSink();
    const { observer, flush } = createAudit({ sink, queueLimit: 2 });
    const open = hold(state);
    await observer(accepted());
    await observer(accepted());
    await expect(observer(accepted())).rejects.toThrow("the queue of the audit is full");
    open();
    await flush();
    await observer(accepted());
    await flush();
    expect(events()).toHaveLength(3);
  });

  it("does not call a sink that has not answered, and gives it no more than 100 events", async () => {
    const { state, sink, batches } = createSink();
    const { observer, flush } = createAudit({ sink, queueLimit: 1000 });
    const open = hold(state);
    for (let i = 0; i < 250; i++) await observer(accepted());
    expect(batches).toEqual([]);
    open();
    await flush();
    expect(batches.map(({ length }) => length)).toEqual([1, 100, 100, 49]);
    expect(new Set(batches.flat().map(({ id }) => id)).size).toBe(250);
  });

  it.each([0, 2])("counts what is lost where it may be, with a queue of %i", async (queueLimit) => {
    const { state, sink, events } = createSink();
    const { observer, flush } = createAudit({ sink, queueLimit, whenUnrecorded: "unsafe-accept" });
    state.isDown = true;
    for (let i = 0; i < 5; i++) {
      await observer(accepted());
      await flush().catch(() => undefined);
    }
    state.isDown = false;
    await observer(accepted());
    await observer(accepted());
    await flush();
    const told = events().map(({ lost }) => lost);
    // With a queue the first event was in it when the sink failed, and stayed.
    expect(told).toEqual(queueLimit === 0 ? [5, 0] : [0, 4, 0]);
  });

  it("says at the end what the sink says", async () => {
    const { state, sink } = createSink();
    const { observer, flush } = createAudit({ sink, queueLimit: 5 });
    await flush();
    state.isDown = true;
    await observer(accepted());
    await expect(flush()).rejects.toThrow("disk full");
  });

  it("is stalled by a sink that is, until the deadline of the verifier", async () => {
    const { state, sink } = createSink();
    const scene = await createScene();
    const verifier = verifierOf(scene, { observer: createAudit({ sink }).observer });
    hold(state);
    const request = await prove(scene);
    const verifying = expectRefusal(() => verify(verifier, request), "verification_timeout");
    for (let i = 0; i < 2; i++) {
      while (!scene.clock.pendingDelays().includes(2000)) await new Promise(setImmediate);
      scene.clock.advance(2000);
    }
    await verifying;
  });
});
