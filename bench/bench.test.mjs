import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { barChart } from "./charts/bar-chart.mjs";
import { fillMarks } from "./charts/fill-marks.mjs";
import { tables } from "./charts/tables.mjs";
import { judge, lineOf } from "./check/judge.mjs";
import { measures } from "./check/measures.mjs";
import { growthRow, natureOf } from "./growth/nature.mjs";
import { questions } from "./harness/questions.mjs";
import { quantile, summary } from "./harness/statistics.mjs";
import { refusalsOf } from "./peers/attacks.mjs";
import { checksOf } from "./peers/figures.mjs";
import { ways } from "./peers/ways.mjs";

// Runs each question once with a handful of requests. What it measures is not looked at.
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

  it.skipIf(!existsSync("/proc/self/task"))("says that it has no Redis to measure", async () => {
    const args = [...fromSource, "bench/run.mjs", "replay", "--size", "smoke"];
    const options = { env: { ...process.env, PATH: "" } };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options);
    const { redis } = JSON.parse(stdout.trim().split("\n").at(-1));
    expect(redis).toEqual({ rows: {}, skipped: "redis-server is not on the path" });
    expect(stderr).toContain("Not measured in Redis: redis-server is not on the path");
    expect(tables["replay-redis"]({ replay: { redis } })).toContain(
      `Not measured: ${redis.skipped}`,
    );
  });

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

describe("how a cost grows", () => {
  const points = (...costs) => costs.map((cost, at) => ({ size: 10 ** at, cost }));

  it.each([
    ["flat", points(60, 58, 70, 75)],
    ["linear at most", points(60, 60, 60, 90)],
    ["linear at most", points(1, 10, 100, 1000)],
    ["more than linear", points(1, 10, 100, 2000)],
    ["more than linear", points(60, 60, 60, 6000)],
  ])("is %s", (nature, grown) => {
    expect(natureOf(grown)).toBe(nature);
  });

  it.each([
    ["flat", "flat", "ok"],
    ["flat", "linear at most", "ok"],
    ["linear at most", "flat", "miss"],
    ["more than linear", "linear at most", "miss"],
  ])("is %s where it should be %s: %s", (is, shouldBe, verdict) => {
    const costs = { flat: [1, 1], "linear at most": [1, 10], "more than linear": [1, 100] };
    expect(growthRow(points(...costs[is]), shouldBe)).toMatchObject({
      from: 1,
      to: 10,
      "× cost": costs[is][1],
      is,
      verdict,
    });
  });
});

describe("other libraries", () => {
  const content = ["other content", "the same again"];
  const accepted = {
    "wpt-02": ["another content type"],
    "svid-proof-1": ["another content type"],
    "http-signature-07": [],
    "svid-signature-1": [],
    DPoP: ["another query", "another content type", ...content],
    "http-message-signatures, ES256": content,
    "http-message-signatures, Ed25519": content,
    "http-message-sig, Ed25519": content,
  };

  it.each(Object.entries(ways))("are told apart by what %s refuses", async (name, way) => {
    const refusals = await refusalsOf(way);
    const attacks = Object.keys(refusals);
    expect(attacks.filter((attack) => refusals[attack] === null)).toEqual(accepted[name]);
    const rows = checksOf({ [name]: refusals });
    for (const attack of attacks) {
      const isAccepted = accepted[name].includes(attack);
      expect(rows[attack][name]).toBe(isAccepted ? "accepted" : "refused");
    }
  });

  it("have to accept what nobody changed", async () => {
    const way = { ...ways.DPoP, verifierOf: async () => () => Promise.reject(new Error("no")) };
    await expect(refusalsOf(way)).rejects.toThrow("a good request was refused: no");
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
