// Packs every package and checks what a consumer would get. Needs `pnpm build` first, and no network.
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageProblems } from "./package-rules.mjs";
import { createConsumer, linkOptionalPeers, packPackages } from "./packed-packages.mjs";
import { run } from "./run.mjs";

const tools = fileURLToPath(new URL("../node_modules/.bin/", import.meta.url));

const loaders = {
  import: (entry) => ["--input-type=module", "-e", `check(await import("${entry}"));`],
  require: (entry) => ["--input-type=commonjs", "-e", `check(require("${entry}"));`],
};
const check =
  "function check(module) { if (Object.keys(module).length === 0) throw new Error('no exports'); }";

async function toolProblems(tool, args) {
  const { code, output } = await run(join(tools, tool), args);
  return code === 0 ? [] : [`${tool}:\n${output}`];
}

async function loadProblems(entry, consumer) {
  const problems = [];
  for (const [kind, loader] of Object.entries(loaders)) {
    const args = loader(entry);
    const { code, output } = await run(
      process.execPath,
      [...args.slice(0, -1), check + args.at(-1)],
      {
        cwd: consumer,
      },
    );
    // A warning is a problem too: loading a library is silent.
    if (code !== 0 || output !== "") problems.push(`${kind} of ${entry}:\n${output}`);
  }
  return problems;
}

async function verify(packed, consumer) {
  const { manifest, tarball } = packed;
  const [main, ...others] = Object.keys(manifest.exports)
    .filter((path) => !path.endsWith(".json"))
    .map((path) => manifest.name + path.slice(1));
  const problems = packageProblems(packed);
  problems.push(...(await toolProblems("publint", ["--strict", tarball])));
  problems.push(...(await toolProblems("attw", ["--profile", "esm-only", tarball])));
  problems.push(...(await loadProblems(main, consumer)));
  linkOptionalPeers(packed);
  for (const entry of others) problems.push(...(await loadProblems(entry, consumer)));
  return problems;
}

const scratch = realpathSync(mkdtempSync(join(tmpdir(), "firsthand-packages-")));
try {
  const packages = await packPackages(scratch);
  const consumer = createConsumer(scratch, packages);
  for (const packed of packages) {
    const problems = await verify(packed, consumer);
    console.log(`${packed.manifest.name}: ${problems.length === 0 ? "ok" : "FAILED"}`);
    for (const problem of problems)
      console.log(`  ${problem.trimEnd().replaceAll("\n", "\n    ")}`);
    if (problems.length > 0) process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true });
}
