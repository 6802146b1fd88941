import { describe, expect, it } from "vitest";
import type { AttackCase, Catalogue } from "./catalogue.js";
import { coverageOf } from "./coverage.js";
import { textsOf } from "./named-texts.js";
import { passedTitles } from "./passed-titles.js";

function attack(id: string, area: string): AttackCase {
  return { id, area, given: "", mutation: "change", expected: "reject:a.b", why: "" };
}

const catalogue: Catalogue = {
  reject_classes: ["a.b"],
  cases: [attack("AA-001", "policy"), attack("AA-002", "policy"), attack("AB-001", "audit")],
};
const complete = ["AA-001 does this", "AA-002 and AB-001 do that"];

function problems(titles: readonly string[], reasons: Record<string, string> = {}) {
  return coverageOf(catalogue, titles, reasons).problems;
}

describe("coverageOf", () => {
  it("counts cases of covered areas only", () => {
    const { areas } = coverageOf(catalogue, complete, {});
    expect(areas).toContainEqual({ area: "policy", covered: 2, total: 2 });
    expect(areas.map(({ area }) => area)).not.toContain("audit");
  });

  it("finds nothing wrong with complete coverage", () => {
    expect(problems(complete)).toEqual([]);
    expect(problems(["AA-001"], { "AA-002": "is no part of this product" })).toEqual([]);
  });

  it.each([
    ["a case without test and reason", ["AA-001"], {}, /^AA-002 \(policy\) has no test/],
    ["an id that only looks like another", ["AA-001", "XAA-002 AA-0021"], {}, /^AA-002 /],
    ["an unknown id", [...complete, "AA-003"], {}, /^AA-003 is named by a test/],
    ["a reason for a tested case", complete, { "AA-002": "why" }, /^AA-002 has a test/],
    [
      "a reason for another area",
      complete.slice(0, 1),
      { "AA-002": "x", "AB-001": "x" },
      /^AB-001/,
    ],
    ["an empty reason", ["AA-001"], { "AA-002": " " }, /^AA-002 has an empty reason/],
  ])("reports %s", (_, titles, reasons, problem) => {
    expect(problems(titles, reasons as Record<string, string>)).toEqual([
      expect.stringMatching(problem),
    ]);
  });
});

describe("textsOf", () => {
  it("finds strings and templates, in titles and tables, and no comments", () => {
    const source = `
      // AA-001 in a line
      /* AA-002 in a block */
      const rows: [string, number][] = [["AA-003 row", 1]];
      const table = { 'AA-004': /"AA-005"/ };
      it.each(rows)("%s", () => {});
      describe(\`AA-006 \${"AA-007"} AA-008\`, () => {});
    `;
    expect(textsOf("a.test.ts", source).flatMap((text) => text.match(/AA-\d+/g) ?? [])).toEqual([
      "AA-003",
      "AA-004",
      "AA-006",
      "AA-008",
      "AA-007",
    ]);
  });

  it("refuses a source that does not parse", () => {
    expect(() => textsOf("a.test.ts", "const = 1")).toThrow("a.test.ts");
  });
});

describe("passedTitles", () => {
  it("takes tests that ran and passed", () => {
    const assertionResults = ["passed", "failed", "skipped", "todo"].map((status) => ({
      fullName: `a ${status} test`,
      status,
    }));
    expect(passedTitles({ testResults: [{ assertionResults }] })).toEqual(["a passed test"]);
  });
});
