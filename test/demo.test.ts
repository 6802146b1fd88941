import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (file: string) => readFileSync(`${root}/${file}`, "utf8");
const textBlocks = (markdown: string) =>
  [...markdown.matchAll(/^```text\n([\s\S]*?)^```$/gm)].map(([, block]) => block as string);

describe("the demo", () => {
  let output = "";

  beforeAll(async () => {
    const command = ["--conditions=@firsthand/source", "--import", "tsx", "examples/demo/main.ts"];
    const env = { ...process.env, NO_COLOR: "1" };
    output = (await promisify(execFile)(process.execPath, command, { cwd: root, env })).stdout;
  });

  it("prints what its reading guide shows", () => {
    expect(textBlocks(read("examples/demo/README.md"))).toContainEqual(output);
  });

  it("prints what the README shows of it", () => {
    const [excerpt] = textBlocks(read("README.md"));
    const lines = output.split("\n");
    const shown = (excerpt ?? "").trimEnd().split("\n");
    expect(shown.length).toBeGreaterThan(5);
    expect(shown.filter((line) => line !== "" && !lines.includes(line))).toEqual([]);
  });
});
