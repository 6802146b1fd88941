import { createTestClock } from "@firsthand/testing";
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
});
