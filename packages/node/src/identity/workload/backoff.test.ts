import { describe, expect, it } from "vitest";
import { createBackoff } from "./backoff.js";

function waits(random: () => number, count: number): readonly number[] {
  const backoff = createBackoff(random);
  return Array.from({ length: count }, () => backoff.next());
}

describe("createBackoff", () => {
  it("doubles the bound from one second to ten", () => {
    expect(waits(() => 1, 6)).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  it("takes any time up to the bound", () => {
    expect(waits(() => 0.25, 3)).toEqual([250, 500, 1000]);
    expect(waits(() => 0, 3)).toEqual([0, 0, 0]);
  });

  it("begins anew when it is reset", () => {
    const backoff = createBackoff(() => 1);
    backoff.next();
    backoff.next();
    backoff.reset();
    expect(backoff.next()).toBe(1000);
  });
});
