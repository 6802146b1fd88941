import { createTestClock } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { withDeadline } from "./deadline.js";
import { expectRefusal } from "./expect-error.test-support.js";

const code = "policy_timeout";

describe("withDeadline", () => {
  it.each([[true], [false], [undefined], [null], [""], [{}], [thenable(true)]])(
    "passes %j on without asking the clock",
    async (answer) => {
      const clock = { ...createTestClock(), delay: () => expect.fail("the clock was asked") };
      expect(await withDeadline<unknown>(answer, clock, 1, code)).toBe(answer);
    },
  );

  it("waits for an answer, and forgets the deadline", async () => {
    const clock = createTestClock();
    expect(await withDeadline(Promise.resolve(7), clock, 1000, code)).toBe(7);
    expect(clock.pendingDelays()).toEqual([]);
  });

  it("waits for anything that has a then method", async () => {
    const answer = thenable((resolve: (value: number) => void) => resolve(7)) as Promise<number>;
    expect(await withDeadline(answer, createTestClock(), 1000, code)).toBe(7);
  });

  it("passes a rejection on, and forgets the deadline", async () => {
    const clock = createTestClock();
    const failure = new Error("failed");
    const answer = withDeadline(Promise.reject(failure), clock, 1000, code);
    await expect(answer).rejects.toBe(failure);
    expect(clock.pendingDelays()).toEqual([]);
  });

  it("refuses when there is no answer in time", async () => {
    const clock = createTestClock();
    const answer = withDeadline(new Promise(() => {}), clock, 1000, code);
    clock.advance(1000);
    await expectRefusal(() => answer, code);
  });

  it("takes an answer that comes one millisecond before the deadline", async () => {
    const clock = createTestClock();
    const late = deferred();
    const answer = withDeadline(late.promise, clock, 1000, code);
    clock.advance(999);
    late.resolve(7);
    expect(await answer).toBe(7);
  });

  it("ignores what is rejected after the deadline", async () => {
    const clock = createTestClock();
    const late = deferred();
    const answer = withDeadline(late.promise, clock, 1000, code);
    clock.advance(1000);
    await expectRefusal(() => answer, code);
    late.reject(new Error("too late"));
  });
});

function thenable(then: unknown): unknown {
  return { then };
}

function deferred() {
  let resolve: (value: number) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<number>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
