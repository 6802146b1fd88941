import { createTestClock } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { maxSequence } from "./protocol.js";
import { SessionKeeper } from "./session-keeper.js";
import type { TakenSession } from "./take-session.js";

let counter = 0;

function sessionOf(lifetimeSeconds = 600): TakenSession {
  const id = `${counter++}`;
  return { id, locator: id, key: { use: "mac" }, lifetimeSeconds };
}

function opened(lifetimeSeconds?: number) {
  const clock = createTestClock();
  const keeper = new SessionKeeper(clock);
  const open = () => keeper.answered(keeper.offered(), sessionOf(lifetimeSeconds), true);
  open();
  return { clock, keeper, open };
}

describe("SessionKeeper", () => {
  it("counts up", () => {
    const { keeper } = opened();
    expect([0, 1, 2].map(() => keeper.use()?.sequence)).toEqual([0, 1, 2]);
  });

  it("uses nothing before a session was taken", () => {
    expect(new SessionKeeper(createTestClock()).use()).toBeUndefined();
  });

  it("makes one offer at a time", () => {
    const keeper = new SessionKeeper(createTestClock());
    expect(keeper.mayOffer()).toBe(true);
    keeper.offered();
    expect(keeper.mayOffer()).toBe(false);
  });

  it("renews when a fifth of the life is left, and goes on while the offer is under way", () => {
    const { keeper, clock } = opened();
    clock.advance(479_999);
    expect(keeper.use()).toBeDefined();
    clock.advance(1);
    expect(keeper.use()).toBeUndefined();
    keeper.offered();
    expect(keeper.use()).toBeDefined();
    clock.advance(60_000);
    expect(keeper.use()).toBeUndefined();
  });

  it("uses no session that has ended, though an offer is under way", () => {
    const { keeper, clock } = opened(10);
    clock.advance(9_999);
    keeper.offered();
    expect(keeper.use()).toBeDefined();
    clock.advance(1);
    expect(keeper.use()).toBeUndefined();
  });

  it("has no more under way than the window of the verifier bears", () => {
    const { keeper } = opened();
    const first = keeper.use();
    const used = Array.from({ length: 600 }, () => keeper.use()).filter((use) => use !== undefined);
    expect(used).toHaveLength(511);
    for (const use of used) keeper.finished(use);
    expect(keeper.use()).toBeUndefined();
    if (first !== undefined) keeper.finished(first);
    expect(keeper.use()?.sequence).toBe(512);
  });

  it("stops at the last number", () => {
    const keeper = new SessionKeeper(createTestClock(), 2);
    keeper.answered(keeper.offered(), sessionOf(), true);
    const sequences = Array.from({ length: 5 }, () => keeper.use()?.sequence);
    expect(sequences).toEqual([0, 1, 2, undefined, undefined]);
    expect(maxSequence).toBe(2 ** 31 - 1);
  });

  it("keeps to signatures for a while after three sessions were forgotten soon", () => {
    const { keeper, clock, open } = opened();
    for (const uses of [8, 1]) {
      let use = keeper.use();
      for (let i = 1; i < uses; i++) use = keeper.use();
      keeper.forgotten(use ?? expect.fail("no session"));
      expect([keeper.isPaused, keeper.use()]).toEqual([false, undefined]);
      open();
    }
    keeper.forgotten(keeper.use() ?? expect.fail("no session"));
    expect([keeper.isPaused, keeper.mayOffer()]).toEqual([true, false]);
    clock.advance(600_000);
    expect([keeper.isPaused, keeper.mayOffer()]).toEqual([false, true]);
  });

  it("starts to count again after a session that was worth while", () => {
    const { keeper, open } = opened();
    for (const uses of [1, 1, 9, 1, 1]) {
      let use = keeper.use();
      for (let i = 1; i < uses; i++) use = keeper.use();
      keeper.forgotten(use ?? expect.fail("no session"));
      open();
    }
    expect(keeper.isPaused).toBe(false);
  });

  it("counts a forgotten session once, and not the one that came after it", () => {
    const { keeper, open } = opened();
    const uses = Array.from({ length: 5 }, () => keeper.use() ?? expect.fail("no session"));
    for (const use of uses) keeper.forgotten(use);
    open();
    for (const use of uses) {
      keeper.forgotten(use);
      keeper.finished(use);
    }
    expect(keeper.use()?.sequence).toBe(0);
  });
});
