import { createTestClock } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { readProxyClaims } from "./audit/proxy-claims.js";
import { VerificationError } from "./errors.js";
import { expectRefusal } from "./expect-error.test-support.js";
import { type Observation, type Observer, observedRequest, record } from "./observer.js";
import type { ProofRequest } from "./proof/proof-request.js";
import { callerOf, now, rulesOf, silence, webId } from "./scene.test-support.js";

const decision = {
  decision: "accepted",
  caller: callerOf(webId),
  policy: { effect: "allow", rule: webId, dryRun: [] },
  request: { method: "GET", path: "/", claims: readProxyClaims([]) },
} as const;

const recordWith = (observer: Observer, clock = createTestClock()) =>
  record(decision, rulesOf({ observer, clock }), 500);

describe("record", () => {
  it("hands the decision over, frozen, with the time", async () => {
    const seen: Observation[] = [];
    const clock = createTestClock();
    clock.advance(1234);
    await recordWith((given) => void seen.push(given), clock);
    expect(seen).toEqual([{ ...decision, time: now * 1000 + 1234, elapsedMilliseconds: 1734 }]);
    expect(Object.isFrozen(seen[0])).toBe(true);
  });

  it("waits until the decision is recorded", async () => {
    const events: string[] = [];
    await recordWith(async () => {
      await Promise.resolve();
      events.push("recorded");
    });
    events.push("in effect");
    expect(events).toEqual(["recorded", "in effect"]);
  });

  const failure = new Error("disk full");
  const refusal = new VerificationError("proof_missing");
  it.each<[title: string, observer: Observer, cause: Error]>([
    ["throws", () => fail(failure), failure],
    ["rejects", () => Promise.reject(failure), failure],
    ["throws the refusal that it was told", () => fail(refusal), refusal],
  ])("refuses when the observer %s, with the cause", async (_, observer, cause) => {
    const error = await expectRefusal(() => recordWith(observer), "observer_failed");
    expect(error.cause).toBe(cause);
  });

  it("refuses when the observer is silent", async () => {
    const clock = createTestClock();
    await expectRefusal(() => recordWith(() => silence(clock), clock), "verification_timeout");
    expect(clock.pendingDelays()).toEqual([]);
  });
});

describe("observedRequest", () => {
  it.each([
    ["/orders?token=secret", "/orders"],
    ["/orders?a?b", "/orders"],
    ["/orders", "/orders"],
    ["?a", ""],
    ["/a\r\nb", "/a\\u000d\\u000ab"],
  ])("keeps of %j the path only", (target, path) => {
    const request = { method: "GE\u0000T", target, headers: [] };
    expect(observedRequest(request)).toMatchObject({ method: "GE\\u0000T", path });
  });

  it("reads what proxies claim when it is asked, once", () => {
    let reads = 0;
    const headers = new Proxy<ProofRequest["headers"]>([["Client-Cert", "x"]], {
      get(list, name, receiver) {
        if (name === Symbol.iterator) reads++;
        return Reflect.get(list, name, receiver);
      },
    });
    const observed = observedRequest({ method: "GET", target: "/", headers });
    expect(reads).toBe(0);
    expect(observed.claims.unreadable).toEqual(["client-cert"]);
    expect(observed.claims).toBe(observed.claims);
    expect(reads).toBe(1);
  });
});

function fail(error: Error): never {
  throw error;
}
