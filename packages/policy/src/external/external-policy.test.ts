import { type PolicyAnswer, type PolicyRequest, systemClock } from "@firsthand/core";
import { createTestClock } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { callerOfCall, requestOfCall } from "../cases/call-facts.js";
import { checkoutCall, decisionFor } from "../policy-file.test-support.js";
import { DecisionTimeout, type ExternalPolicyOptions, externalPolicy } from "./external-policy.js";

const create = (decide: () => unknown, more: Partial<ExternalPolicyOptions> = {}) =>
  externalPolicy({
    name: "pdp",
    decide: decide as ExternalPolicyOptions["decide"],
    onFailure: "deny",
    ...more,
  });

describe("externalPolicy", () => {
  it.each<[answer: PolicyAnswer, decided: object]>([
    [true, { effect: "allow", rule: "pdp" }],
    [false, { effect: "deny", rule: "pdp" }],
    [{ effect: "allow" }, { effect: "allow", rule: "pdp" }],
    [
      { effect: "deny", rule: "r7" },
      { effect: "deny", rule: "r7" },
    ],
  ])("passes on %j, at once or later, with a name", async (answer, decided) => {
    expect(await decisionFor(create(() => answer))).toEqual(decided);
    expect(await decisionFor(create(async () => answer))).toEqual(decided);
  });

  const down = new Error("down");
  const failures: readonly [title: string, decide: () => unknown][] = [
    ["throws", () => fail(down)],
    ["rejects", () => Promise.reject(down)],
    ["answers nothing", () => undefined],
    ["answers null", () => null],
    ["answers a text", () => "allow"],
    ["answers 1", () => 1],
    ["answers an object that is no decision", () => ({ decision: true })],
  ];

  it.each(failures)("denies when it %s, and tells why", async (_, decide) => {
    const errors: unknown[] = [];
    const policy = create(decide, { onError: (error) => void errors.push(error) });
    expect(await decisionFor(policy)).toEqual({ effect: "deny", rule: "pdp (failed)" });
    expect(errors).toEqual([expect.any(Error)]);
  });

  it.each(failures)("allows when it %s only where that is named unsafe", async (_, decide) => {
    const policy = create(decide, { onFailure: "unsafe-allow" });
    expect(await decisionFor(policy)).toEqual({ effect: "allow", rule: "pdp (failed)" });
  });

  it("does not depend on who is told of a failure", async () => {
    const policy = create(() => fail(down), { onError: () => fail(new Error("no log")) });
    expect(await decisionFor(policy)).toEqual({ effect: "deny", rule: "pdp (failed)" });
  });

  it.each(["deny", "unsafe-allow"] as const)(
    "with %s, gives up when its time is over",
    async (onFailure) => {
      const clock = createTestClock();
      const errors: unknown[] = [];
      let given: AbortSignal | undefined;
      const policy = externalPolicy({
        name: "pdp",
        onFailure,
        timeoutMilliseconds: 50,
        onError: (error) => void errors.push(error),
        clock,
        decide(_caller, _request, signal) {
          given = signal;
          queueMicrotask(() => clock.advance(50));
          return new Promise<never>(() => {});
        },
      });
      const effect = onFailure === "deny" ? "deny" : "allow";
      expect(await decisionFor(policy)).toEqual({ effect, rule: "pdp (timeout)" });
      expect(given?.aborted).toBe(true);
      expect(errors).toEqual([expect.any(DecisionTimeout)]);
      expect(clock.pendingDelays()).toEqual([]);
    },
  );

  describe("with a cache", () => {
    function cached(answers: readonly unknown[], more: object = {}) {
      const clock = createTestClock();
      const left = [...answers];
      const key = ({ path }: PolicyRequest) => path;
      const policy = create(() => left.shift(), {
        clock,
        cache: { ttlMilliseconds: 1000, key: (_, request) => key(request), ...more },
      });
      const ask = (
        path: string,
        caller = callerOfCall({ ...checkoutCall, at: "2027-01-15T08:00:00Z" }),
      ) => policy(caller, { ...requestOfCall(checkoutCall), path });
      return { ask, clock };
    }
    const allowed = { effect: "allow", rule: "pdp" };
    const denied = { effect: "deny", rule: "pdp" };

    it("keeps decisions for a while, by key", async () => {
      const { ask, clock } = cached([true, false, false]);
      expect([await ask("/a"), await ask("/a"), await ask("/b")]).toEqual([
        allowed,
        allowed,
        denied,
      ]);
      clock.advance(999);
      expect(await ask("/a")).toEqual(allowed);
      clock.advance(1);
      expect(await ask("/a")).toEqual(denied);
    });

    it("keeps none for longer than the credential lives, and none of another credential", async () => {
      const { ask, clock } = cached([true, false, false], { ttlMilliseconds: 10_000 });
      const caller = callerOfCall(checkoutCall);
      const expiresAt = Math.floor(clock.now() / 1000) + 5;
      const credential = { ...caller.credential, expiresAt };
      expect(await ask("/a", { ...caller, credential })).toEqual(allowed);
      expect(await ask("/a", { ...caller, credential })).toEqual(allowed);
      const renewed = { ...credential, thumbprint: "another" };
      expect(await ask("/a", { ...caller, credential: renewed })).toEqual(denied);
      clock.advance({ seconds: 5 });
      expect(await ask("/a", { ...caller, credential })).toEqual(denied);
    });

    it("keeps no failure", async () => {
      const { ask } = cached(["wrong", true]);
      expect(await ask("/a")).toEqual({ effect: "deny", rule: "pdp (failed)" });
      expect(await ask("/a")).toEqual(allowed);
    });

    it("forgets what was used the longest ago", async () => {
      const { ask } = cached([true, true, true, false], { maxEntries: 2 });
      for (const path of ["/a", "/b", "/a", "/c"]) await ask(path);
      expect(await ask("/a")).toEqual(allowed);
      expect(await ask("/b")).toEqual(denied);
    });

    it("fails when there is no key", async () => {
      const { ask } = cached([true], { key: () => fail(down) });
      expect(await ask("/a")).toEqual({ effect: "deny", rule: "pdp (failed)" });
    });
  });

  it.each<[options: object, option: string]>([
    [{ name: "" }, "name"],
    [{ onFailure: undefined }, "onFailure"],
    [{ onFailure: "allow" }, "onFailure"],
    [{ decide: true }, "decide"],
    [{ timeoutMilliseconds: 0 }, "timeoutMilliseconds"],
    [{ cache: { ttlMilliseconds: 1000 } }, "cache.key"],
    [{ cache: { ttlMilliseconds: 0, key: () => "" } }, "cache.ttlMilliseconds"],
    [{ cache: { ttlMilliseconds: 1, maxEntries: 0, key: () => "" } }, "cache.maxEntries"],
    [{ timeout: 5 }, "timeout"],
    [{ clock: { ...systemClock, now: 1 } }, "clock"],
  ])("refuses the options %j", (options, option) => {
    expect(() => create(() => true, options)).toThrow(expect.objectContaining({ option }));
  });
});

function fail(error: Error): never {
  throw error;
}
