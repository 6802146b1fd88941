import { createTestClock } from "@firsthand/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VerificationError } from "./errors.js";
import { expectRefusal } from "./expect-error.test-support.js";
import { type Observation, type Observer, observedRequest, printable, record } from "./observer.js";
import { callerOf, now, rulesOf, silence, webId } from "./scene.test-support.js";

const decision = {
  decision: "accepted",
  caller: callerOf(webId),
  policy: { effect: "allow", rule: webId, dryRun: [] },
  request: { method: "GET", path: "/" },
} as const;

const recordWith = (observer: Observer, clock = createTestClock()) =>
  record(decision, rulesOf({ observer, clock }));

describe("record", () => {
  it("hands the decision over, frozen, with the time", async () => {
    const seen: Observation[] = [];
    const clock = createTestClock();
    clock.advance(1234);
    await recordWith((given) => void seen.push(given), clock);
    expect(seen).toEqual([{ ...decision, time: now * 1000 + 1234 }]);
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
    expect(observedRequest(request)).toEqual({ method: "GE\\u0000T", path });
  });
});

describe("printable", () => {
  it.each([
    ["/orders/%41?x", "/orders/%41?x"],
    ["a\r\nINFO admin ok", "a\\u000d\\u000aINFO admin ok"],
    ["\u001b[31mred", "\\u001b[31mred"],
    ["\u202egnp", "\\u202egnp"],
    ["\u007f\u0000", "\\u007f\\u0000"],
    ["é😀", "\\u00e9\\ud83d\\ude00"],
    ["", ""],
  ])("writes %j as %s", (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it("cuts after 256 characters", () => {
    expect(printable("a".repeat(256))).toBe("a".repeat(256));
    expect(printable("a".repeat(257))).toBe(`${"a".repeat(256)}…`);
  });

  it("leaves one short line, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 600 }), (text) => {
        expect(printable(text)).toMatch(/^[\x20-\x7e]{0,1536}…?$/);
      }),
    );
  });
});

function fail(error: Error): never {
  throw error;
}
