import { createTestClock } from "@firsthand/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callerOf, webId } from "../scene.test-support.js";
import type { Session, SignedCaller } from "./session.js";
import { SessionTable } from "./session-table.js";

const otherId = "spiffe://td.example/other";

function tableOf(capacity: number, capacityPerCaller: number) {
  const clock = createTestClock();
  const table = new SessionTable({ capacity, capacityPerCaller }, clock);
  const add = (locator: string, caller = webId) => {
    const opener = callerOf(caller) as SignedCaller;
    const session = { id: locator, opener, endsAt: clock.monotonic() + 1000 } as Session;
    return table.add(locator, session);
  };
  return { table, clock, add };
}

describe("SessionTable", () => {
  it("gives a caller no more than its share, until sessions end", () => {
    const { table, clock, add } = tableOf(10, 2);
    expect([add("a"), add("b"), add("c"), add("d", otherId)]).toEqual([true, true, false, true]);
    clock.advance(1000);
    expect([add("e"), add("f"), add("g")]).toEqual([true, true, false]);
    expect(table.size).toBe(2);
  });

  it("lets the oldest go when it is full", () => {
    const { table, add } = tableOf(2, 2);
    for (const [locator, caller] of [
      ["a", webId],
      ["b", webId],
      ["c", otherId],
      ["d", otherId],
    ] as const) {
      expect(add(locator, caller)).toBe(true);
    }
    expect(["a", "b", "c", "d"].filter((locator) => table.find(locator) !== undefined)).toEqual([
      "c",
      "d",
    ]);
    expect(table.size).toBe(2);
  });

  it("counts again what was let go of its own caller", () => {
    const { add } = tableOf(3, 2);
    add("a");
    add("b");
    for (const locator of ["c", "d", "e"]) add(locator, `${otherId}-${locator}`);
    expect([add("f"), add("g"), add("h")]).toEqual([true, true, false]);
  });

  it("marks numbers of the sessions it has", () => {
    const { table, add } = tableOf(1, 1);
    add("a");
    expect([table.mark("a", 0), table.mark("a", 0)]).toEqual(["first", "replayed"]);
    add("b", otherId);
    expect([table.mark("a", 1), table.mark("b", 0)]).toEqual(["gone", "first"]);
  });

  it("keeps what has not ended, though it is looked for late", () => {
    const { table, clock, add } = tableOf(5, 5);
    add("a");
    clock.advance(999);
    add("b");
    clock.advance(1);
    add("c");
    expect(["a", "b", "c"].map((locator) => table.find(locator)?.id)).toEqual([
      undefined,
      "b",
      "c",
    ]);
  });

  it("counts a session once that comes twice", () => {
    const { table, clock, add } = tableOf(4, 2);
    expect([add("a"), add("a"), add("b"), add("c")]).toEqual([true, true, true, false]);
    expect(table.size).toBe(2);
    clock.advance(1000);
    expect([add("a"), add("d"), add("e")]).toEqual([true, true, false]);
  });

  it("holds what a list would hold, whatever comes and ends", () => {
    const step = fc.record({
      locator: fc.constantFrom(..."abcdefgh"),
      caller: fc.constantFrom(webId, otherId, `${otherId}-2`),
      wait: fc.constantFrom(0, 0, 1, 500, 1000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { table, clock, add } = tableOf(4, 2);
        const list = new SessionList(4, 2);
        for (const { locator, caller, wait } of steps) {
          clock.advance(wait);
          expect(add(locator, caller)).toBe(list.add(locator, caller, clock.monotonic()));
          expect(table.size).toBe(list.held.length);
          for (const { locator } of list.held) expect(table.find(locator)?.id).toBe(locator);
        }
      }),
    );
  });
});

/** What a table is, without any thought of cost. */
class SessionList {
  held: readonly { locator: string; caller: string; endsAt: number }[] = [];
  readonly #capacity: number;
  readonly #capacityPerCaller: number;

  constructor(capacity: number, capacityPerCaller: number) {
    this.#capacity = capacity;
    this.#capacityPerCaller = capacityPerCaller;
  }

  add(locator: string, caller: string, now: number): boolean {
    const left = this.held.filter(({ endsAt }) => now < endsAt);
    this.held = left;
    if (left.some((other) => other.locator === locator)) return true;
    const used = left.filter((other) => other.caller === caller).length;
    if (used >= this.#capacityPerCaller) return false;
    const kept = left.slice(left.length >= this.#capacity ? 1 : 0);
    this.held = [...kept, { locator, caller, endsAt: now + 1000 }];
    return true;
  }
}
