import { setImmediate } from "node:timers/promises";
import { ConfigurationError } from "@firsthand/core";
import { describe, expect, it } from "vitest";
import { createTestClock } from "./clock.js";

const never = new AbortController().signal;

/** Whether a promise has settled once everything that could run has run. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  const note = () => {
    done = true;
  };
  promise.then(note, note);
  await setImmediate();
  return done;
}

describe("createTestClock", () => {
  it("starts at second 1800000000 and stands still", () => {
    const clock = createTestClock();
    expect(clock.now()).toBe(1_800_000_000_000);
    expect(new Date(clock.now()).toISOString()).toBe("2027-01-15T08:00:00.000Z");
    expect(clock.monotonic()).toBe(clock.monotonic());
  });

  it.each([
    ["milliseconds", 1_234],
    ["a Date", new Date(1_234)],
  ])("starts at %s", (_, start) => {
    expect(createTestClock(start).now()).toBe(1_234);
  });

  it.each([
    ["milliseconds", 1_500],
    ["seconds", { seconds: 1.5 }],
  ])("advances both clocks by %s", (_, by) => {
    const clock = createTestClock(0);
    const before = clock.monotonic();
    clock.advance(by);
    expect(clock.now()).toBe(1_500);
    expect(clock.monotonic() - before).toBe(1_500);
  });

  it("refuses to advance backwards", () => {
    const clock = createTestClock(0);
    expect(() => clock.advance(-1)).toThrow(ConfigurationError);
    expect(clock.now()).toBe(0);
  });

  it("moves only the wall clock when it is set or stepped", async () => {
    const clock = createTestClock(0);
    const before = clock.monotonic();
    const delay = clock.delay(10, never);
    clock.set(new Date(50_000));
    expect(clock.now()).toBe(50_000);
    clock.stepWallClock(-20);
    expect(clock.now()).toBe(30_000);
    expect(clock.monotonic()).toBe(before);
    expect(await settled(delay)).toBe(false);
  });

  it("resolves delays when they are due, the soonest first", async () => {
    const clock = createTestClock();
    const order: number[] = [];
    const late = clock.delay(300, never).then(() => order.push(300));
    const soon = clock.delay(100, never).then(() => order.push(100));
    expect(clock.pendingDelays()).toEqual([100, 300]);
    clock.advance(99);
    expect(await settled(soon)).toBe(false);
    clock.advance(1);
    expect(clock.pendingDelays()).toEqual([200]);
    clock.advance({ seconds: 1 });
    await Promise.all([late, soon]);
    expect(order).toEqual([100, 300]);
    expect(clock.pendingDelays()).toEqual([]);
  });

  it("resolves a delay of nothing at once", async () => {
    await expect(createTestClock().delay(0, never)).resolves.toBeUndefined();
  });

  it("rejects a delay with the reason when its signal aborts", async () => {
    const clock = createTestClock();
    const abort = new AbortController();
    const delay = clock.delay(100, abort.signal);
    const reason = new Error("closed");
    abort.abort(reason);
    await expect(delay).rejects.toBe(reason);
    expect(clock.pendingDelays()).toEqual([]);
  });

  it("rejects a delay whose signal aborted before", async () => {
    const reason = new Error("closed");
    await expect(createTestClock().delay(100, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it("ignores an abort after the delay is over", async () => {
    const clock = createTestClock();
    const abort = new AbortController();
    const delay = clock.delay(100, abort.signal);
    clock.advance(100);
    abort.abort();
    await expect(delay).resolves.toBeUndefined();
  });
});
