// Writes the vectors: `pnpm vectors`. With `--check` it writes nothing and says whether the files
// are what it would write.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { generateVectors } from "./generator/generate-vectors.js";

const folder = new URL("./vectors/", import.meta.url);
const { values: options } = parseArgs({ options: { check: { type: "boolean" } } });

const files = generateVectors();
if (options.check) check();
else for (const [name, text] of files) writeFileSync(new URL(name, folder), text);

function check(): void {
  const present = readdirSync(folder).filter((name) => name.endsWith(".json"));
  const stale = [...files].filter(
    ([name, text]) =>
      !present.includes(name) || readFileSync(new URL(name, folder), "utf8") !== text,
  );
  const unknown = present.filter((name) => !files.has(name));
  for (const [name] of stale) console.error(`${name} is not up to date: run pnpm vectors`);
  for (const name of unknown) console.error(`${name} is no vector file`);
  process.exitCode = stale.length + unknown.length === 0 ? 0 : 1;
}
