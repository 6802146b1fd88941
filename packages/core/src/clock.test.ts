import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Clock, epochSeconds, systemClock } from "./clock.js";
import { expectConfigurationError } from "./expect-error.test-support.js";

const stopped: Clock = { now: () => 0, monotonic: () => 0, delay: () => Promise.reject() };

describe("epochSeconds", () => {
  it.each([
    [1_800_000_000_000, 1_800_000_000],
    [1_800_000_000_999, 1_800_000_000],
    [999, 0],
    [-1, -1],
  ])("cuts %d ms to %d s", (milliseconds, seconds) => {
    expect(epochSeconds({ ...stopped, now: () => milliseconds })).toBe(seconds);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, undefined])(
    "takes %d for no time: nothing would ever be over",
    async (milliseconds) => {
      const now = () => milliseconds as number;
      await expectConfigurationError(() => epochSeconds({ ...stopped, now }), "clock_unsound");
    },
  );
});

describe("systemClock", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_800_000_000_000, toFake: ["Date", "setTimeout", "clearTimeout"] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it("tells the time of the machine", () => {
    expect(systemClock.now()).toBe(1_800_000_000_000);
  });

  it("has a monotonic time that the wall clock does not move", () => {
    const before = systemClock.monotonic();
    vi.setSystemTime(0);
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
  });

  it("resolves a delay when its time has come, and not before", async () => {
    const done = vi.fn();
    const delayed = systemClock.delay(1000, new AbortController().signal).then(done);
    await vi.advanceTimersByTimeAsync(999);
    expect(done).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await delayed;
    expect(done).toHaveBeenCalledOnce();
  });

  it("rejects a delay with the reason when it is called off, and leaves no timer", async () => {
    const controller = new AbortController();
    const delayed = systemClock.delay(1000, controller.signal);
    controller.abort("not needed");
    await expect(delayed).rejects.toBe("not needed");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rejects a delay that was called off before it began", async () => {
    await expect(systemClock.delay(1000, AbortSignal.abort("too late"))).rejects.toBe("too late");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("lets go of the signal when the time has come", async () => {
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, "removeEventListener");
    const delayed = systemClock.delay(1, signal);
    await vi.advanceTimersByTimeAsync(1);
    await delayed;
    expect(removed).toHaveBeenCalledOnce();
  });
});
