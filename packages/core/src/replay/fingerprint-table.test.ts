import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFingerprintTable, type FingerprintTable } from "./fingerprint-table.js";

const print = (...words: readonly [number, number, number]) => Uint32Array.from(words);
const top = 2 ** 32 - 1;
const dead = { end: 0 };

interface Step {
  readonly act: string;
  readonly given: readonly [number, number, number];
  readonly seconds: number;
}

/** Does the same with a table and with a list of all that was ever added. */
function compareWithList(steps: readonly Step[]): void {
  const table = createFingerprintTable();
  const ends = new Map<string, { readonly words: Uint32Array; readonly end: number }>();
  let now = 1;
  for (const { act, given, seconds } of steps) {
    if (act === "wait") now += seconds;
    if (act === "sweep") sweepAll(table, now);
    const words = print(...given);
    const isLive = (ends.get(words.join()) ?? dead).end >= now;
    expect(table.has(words, now)).toBe(isLive);
    if (act === "add" && !isLive) {
      table.add(words, now + seconds, now);
      ends.set(words.join(), { words, end: now + seconds });
    }
    const live = [...ends.values()].map(({ end }) => end >= now);
    expect([...ends.values()].map((entry) => table.has(entry.words, now))).toEqual(live);
  }
}

function sweepAll(table: FingerprintTable, now: number): void {
  for (let round = 0; round < 64; round++) table.sweep(now);
}

describe("the table of fingerprints", () => {
  it("tells fingerprints apart by each word", () => {
    const table = createFingerprintTable();
    table.add(print(1, 2, 3), 9, 1);
    const others = [print(2, 2, 3), print(1, 1, 3), print(1, 2, 4)];
    expect(others.map((other) => table.has(other, 1))).toEqual([false, false, false]);
    expect(table.has(print(1, 2, 3), 1)).toBe(true);
  });

  it("remembers to the end of a second", () => {
    const table = createFingerprintTable();
    table.add(print(1, 2, 3), 9, 1);
    expect([9, 10].map((now) => table.has(print(1, 2, 3), now))).toEqual([true, false]);
  });

  it("keeps apart what begins at the last slot", () => {
    const table = createFingerprintTable();
    const prints = Array.from({ length: 100 }, (_, at) => print(0, top, at));
    for (const each of prints) table.add(each, 9, 1);
    expect(prints.every((each) => table.has(each, 1))).toBe(true);
    expect(table.has(print(0, top, 100), 1)).toBe(false);
  });

  it("gives the slots of the dead to others", () => {
    const table = createFingerprintTable();
    for (let now = 1; now < 2000; now++) {
      table.add(print(0, 0, now), now, now);
      expect(table.has(print(0, 0, now), now)).toBe(true);
      expect(table.has(print(0, 0, now - 1), now)).toBe(false);
    }
  });

  it("gives the answers of a list, however it is used", () => {
    const word = fc.constantFrom(0, 1, 2 ** 31, top); // so that ways cross
    const step = fc.record({
      act: fc.constantFrom("add", "add", "add", "wait", "sweep"),
      given: fc.tuple(fc.constantFrom(0, top), word, fc.nat(9)),
      seconds: fc.nat(5),
    });
    fc.assert(fc.property(fc.array(step, { maxLength: 200 }), compareWithList));
  });
});
