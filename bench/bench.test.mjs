import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { barChart } from "./charts/bar-chart.mjs";
import { fillMarks } from "./charts/fill-marks.mjs";
import { tables } from "./charts/tables.mjs";
import { judge, lineOf } from "./check/judge.mjs";
import { measures } from "./check/measures.mjs";
import { quantile, summary } from "./harness/statistics.mjs";

// Runs each question once with a handful of requests. What it measures is not looked at.
const questions = ["primitives", "server", "sidecar", "hostile", "replay", "growth", "start"];
const fromSource = ["--conditions=@firsthand/source", "--import", "tsx"];

describe("the bench", () => {
  it.skipIf(!existsSync("/proc/self/task")).each(questions)(
    "answers the question of %s",
    async (name) => {
      const args = [...fromSource, "bench/run.mjs", name, "--size", "smoke"];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      expect(JSON.parse(stdout.trim().split("\n").at(-1))).toMatchObject({ size: "smoke" });
    },
  );

  it("refuses a question that it does not know", async () => {
    const asked = promisify(execFile)(process.execPath, ["bench/run.mjs", "primitive"]);
    await expect(asked).rejects.toThrow("primitive is none");
  });

  it("takes what was not measured for a miss", () => {
    for (const measure of measures) expect(judge(measure, {}).isMet).toBe(false);
  });

  it.each([
    [{ name: "a", atMost: 2, of: () => 2 }, true],
    [{ name: "a", atMost: 2, of: () => 2.1 }, false],
    [{ name: "a", atLeast: 2, of: () => 2 }, true],
    [{ name: "a", atLeast: 2, of: () => 1.9 }, false],
    [{ name: "a", atLeast: 2, of: () => Number.NaN }, false],
  ])("judges %o", (measure, isMet) => {
    const verdict = judge(measure, {});
    expect(verdict.isMet).toBe(isMet);
    expect(lineOf(verdict)).toMatch(isMet ? /ok$/ : /miss$/);
  });

  it("counts as one does", () => {
    expect(summary([5, 1, 4, 2, 3])).toEqual({ median: 3, low: 2, high: 4 });
    expect(quantile([7], 0.99)).toBe(7);
  });

  it("draws bars as long as their values", () => {
    const bars = [1, 2].map((value) => ({ label: `<${value}>`, value, part: "a" }));
    const svg = barChart({ title: "t", unit: "µs", bars });
    const [short, long] = [...svg.matchAll(/<rect x="230" [^>]*width="([\d.]+)"/g)].map((match) =>
      Number(match[1]),
    );
    expect(long).toBeCloseTo(2 * short, 0);
    expect(svg).toContain("&lt;1>");
  });
});

describe("the marks of the documents", () => {
  it("are filled, whatever stood there", () => {
    const text = "a\n<!-- bench:b-c -->\nold\n<!-- /bench -->\nd <!-- bench:e --><!-- /bench -->";
    const filled = fillMarks(text, (name) => `[${name}]`);
    expect(filled).toBe(
      "a\n<!-- bench:b-c -->\n[b-c]\n<!-- /bench -->\nd <!-- bench:e -->\n[e]\n<!-- /bench -->",
    );
  });

  it.each(["performance.md", "capacity.md"])("in %s each have a table", (name) => {
    const text = readFileSync(new URL(`../docs/${name}`, import.meta.url), "utf8");
    const marks = [...text.matchAll(/<!-- bench:([\w-]+) -->/g)].map(([, mark]) => mark);
    expect(marks.length).toBeGreaterThan(0);
    for (const mark of marks) expect(Object.keys(tables)).toContain(mark);
  });
});
