import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maxSequence, windowWidth } from "./protocol.js";
import { SequenceWindows } from "./sequence-windows.js";

/** The rule in the simplest words: all numbers, for ever. */
function naiveWindow() {
  const seen = new Set<number>();
  let highest = -1;
  return (sequence: number) => {
    if (sequence <= highest - windowWidth) return "stale";
    if (seen.has(sequence)) return "replayed";
    seen.add(sequence);
    highest = Math.max(highest, sequence);
    return "first";
  };
}

describe("SequenceWindows", () => {
  it("does what remembering every number would do", () => {
    const steps = fc.array(
      fc.oneof(
        fc.integer({ min: -3, max: 3 }),
        fc.integer({ min: -1100, max: 1100 }),
        fc.constantFrom(
          -windowWidth - 1,
          -windowWidth,
          1 - windowWidth,
          windowWidth,
          4000,
          2 ** 30,
        ),
      ),
      { minLength: 1, maxLength: 120 },
    );
    fc.assert(
      fc.property(steps, fc.nat(maxSequence), (moves, start) => {
        const windows = new SequenceWindows();
        const window = windows.take();
        const naive = naiveWindow();
        let at = start;
        for (const move of moves) {
          at = Math.min(Math.max(at + move, 0), maxSequence);
          expect(windows.mark(window, at)).toBe(naive(at));
        }
      }),
    );
  });

  it("keeps windows apart, over more than one block of memory", () => {
    const windows = new SequenceWindows();
    const taken = Array.from({ length: 600 }, () => windows.take());
    expect(new Set(taken).size).toBe(600);
    for (const window of taken) expect(windows.mark(window, 5)).toBe("first");
    for (const window of taken) expect(windows.mark(window, 5)).toBe("replayed");
  });

  it("uses a window again, empty", () => {
    const windows = new SequenceWindows();
    const window = windows.take();
    windows.mark(window, 2000);
    windows.release(window);
    expect(windows.take()).toBe(window);
    expect(windows.mark(window, 0)).toBe("first");
  });
});
