import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesSegments, type SegmentPattern, SegmentTrie } from "./segments.js";

describe("matchesSegments", () => {
  it.each<[pattern: SegmentPattern, segments: string[], expected: boolean]>([
    [["a", "b"], ["a", "b"], true],
    [["a", "b"], ["a"], false],
    [["a"], ["a", "b"], false],
    [["a", "*"], ["a", "b"], true],
    [["a", "*"], ["a", "b", "c"], false],
    [["*", "b"], ["a", "b"], true],
    [["*", "b"], ["a", "c"], false],
    [["**"], ["a"], true],
    [["**"], ["a", "b"], true],
    [["**"], [], false],
    [["a", "**"], ["a"], false],
    [["a", "**"], ["a", ""], true],
    [["a", "**"], ["a", "b", "c"], true],
    [["a", "**"], ["b", "b", "c"], false],
    [[], [], true],
  ])("answers for %j and %j", (pattern, segments, expected) => {
    expect(matchesSegments(pattern, segments)).toBe(expected);
  });
});

describe("a SegmentTrie", () => {
  it("makes one value for each pattern", () => {
    const trie = new SegmentTrie<object>();
    const first = trie.at(["a", "*"], () => ({}));
    expect(trie.at(["a", "*"], () => expect.fail("made again"))).toBe(first);
    expect(trie.at(["a"], () => ({}))).not.toBe(first);
  });

  it("finds the most specific first", () => {
    const trie = new SegmentTrie<string>();
    for (const pattern of ["**", "*/**", "a/**", "*/*", "*/b", "a/*", "a/b"]) {
      trie.at(pattern.split("/"), () => pattern);
    }
    const expected = ["a/b", "a/*", "a/**", "*/b", "*/*", "*/**", "**"];
    expect(trie.matching(["a", "b"])).toEqual(expected);
  });

  it("finds what looking at each pattern would find", () => {
    const part = fc.constantFrom("a", "b", "");
    const segments = fc.array(part, { maxLength: 4 });
    const pattern = fc
      .tuple(fc.array(fc.oneof(part, fc.constant("*")), { maxLength: 4 }), fc.boolean())
      .map(([parts, hasRest]) => (hasRest ? [...parts, "**"] : parts));
    fc.assert(
      fc.property(fc.array(pattern), segments, (patterns, given) => {
        const trie = new SegmentTrie<string>();
        for (const each of patterns) trie.at(each, () => each.join("/"));
        const matching = patterns.filter((each) => matchesSegments(each, given));
        const expected = new Set(matching.map((each) => each.join("/")));
        expect(new Set(trie.matching(given))).toEqual(expected);
      }),
    );
  });
});
