import { describe, expect, it } from "vitest";
import { challengeOf, type ProofFormat } from "./format.js";

describe("challengeOf", () => {
  it.each<[accept: ProofFormat[], challenge: string]>([
    [["svid-proof-1"], "SVID-Proof"],
    [["wpt-02"], "WPT"],
    [["wpt-01", "wpt-02"], "WPT"],
    [["svid-proof-1", "wpt-02", "wpt-01"], "SVID-Proof, WPT"],
  ])("%j is %s", (accept, challenge) => {
    expect(challengeOf(accept)).toBe(challenge);
  });
});
