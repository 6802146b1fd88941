// Runs examples/*/main.ts from the sources. An example proves itself: it ends with exit code 0 or it failed.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./run.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const timeoutMs = 60_000;

const examples = readdirSync(join(root, "examples"))
  .map((name) => join("examples", name, "main.ts"))
  .filter((main) => existsSync(join(root, main)));
if (examples.length === 0) throw new Error("there is no example to run");

for (const main of examples) {
  const args = ["--conditions=@firsthand/source", "--import", "tsx", main];
  const { code, output, seconds } = await run(process.execPath, args, { cwd: root, timeoutMs });
  if (code !== 0) console.log(output);
  const outcome =
    code === 0 ? "ok" : `FAILED, ${code === null ? "timed out" : `exit code ${code}`}`;
  console.log(`${main}: ${outcome} (${seconds.toFixed(1)} s)`);
  if (code !== 0) process.exitCode = 1;
}
