// Runs the test suite on every supported Node, one after the other: `--versions 22,24` for some of them.
// Node itself comes from the `node` package of the npm registry and is kept in npm's cache.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { run } from "./run.mjs";

const timeoutMs = 20 * 60_000;
const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({
  options: { versions: { type: "string", default: "20.19,22,24,26" } },
});

async function testOn(version, resultFile) {
  const node = ["-y", `node@${version}`];
  const { output: exact } = await run("npx", [...node, "-p", "process.version"], { cwd: root });
  const suite = ["node_modules/vitest/vitest.mjs", "run", "--coverage.enabled=false"];
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${resultFile}`];
  const tested = await run("npx", [...node, ...suite, ...reporters], { cwd: root, timeoutMs });
  const result = await run(process.execPath, ["scripts/test-result.mjs", resultFile], {
    cwd: root,
  });
  const label = `Node ${exact.trim().split("\n").at(-1)}`;
  if (tested.code !== 0) console.log(tested.output);
  console.log(`${label.padEnd(16)}${result.output.trim()} (${tested.seconds.toFixed(1)} s)`);
  return tested.code === 0 && result.code === 0;
}

const scratch = mkdtempSync(join(tmpdir(), "firsthand-matrix-"));
try {
  for (const version of values.versions.split(",")) {
    const passed = await testOn(version, join(scratch, `${version}.json`));
    if (!passed) process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true });
}
