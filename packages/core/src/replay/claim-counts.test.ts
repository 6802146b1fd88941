import { expect, it } from "vitest";
import { createClaimCounts } from "./claim-counts.js";

it("counts in all, by caller, and until when they are forgotten", () => {
  const counts = createClaimCounts(1);
  counts.add("a", 5, 105);
  counts.add("a", 5, 104);
  counts.add("b", 7, 110);
  counts.forget(5);
  expect([counts.all, counts.of("a"), counts.of("b"), counts.of("c")]).toEqual([3, 2, 1, 0]);
  expect(counts.forgottenUntil).toBe(0);
  counts.forget(6);
  expect([counts.all, counts.of("a"), counts.of("b")]).toEqual([1, 0, 1]);
  expect(counts.forgottenUntil).toBe(105);
  counts.forget(1000);
  expect([counts.all, counts.forgottenUntil]).toEqual([0, 110]);
});
