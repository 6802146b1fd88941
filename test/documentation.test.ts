import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { anchorsIn, linksIn, markdownFiles, snippetsIn } from "./support/markdown.js";

const root = fileURLToPath(new URL("..", import.meta.url));
// Below the repository's node_modules, so that snippets import what a reader would import.
const scratch = join(root, "node_modules/.cache/firsthand-snippets");
const documents = markdownFiles(root);

const snippets = documents.flatMap((document) =>
  snippetsIn(join(root, document)).map((snippet) => ({
    ...snippet,
    name: `${document}:${snippet.line}`,
    file: join(scratch, `${document}.${snippet.line}.mts`),
  })),
);

/** What the program printed; rejects, with it, when the exit code is not 0. */
function runNode(args: readonly string[]): Promise<string> {
  const options = { cwd: root, timeout: 30_000, killSignal: "SIGKILL" } as const;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.message}\n${stdout}`));
    });
  });
}

describe("documentation", () => {
  beforeAll(async () => {
    await rm(scratch, { recursive: true, force: true });
    for (const { file, code } of snippets) {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, code);
    }
  });

  it("begins with a README.md that shows how to use it", () => {
    expect(snippets.filter(({ name, runs }) => name.startsWith("README.md:") && runs)).not.toEqual(
      [],
    );
  });

  it("has snippets that compile", async () => {
    const configuration = {
      extends: relative(scratch, join(root, "tsconfig.base.json")),
      compilerOptions: {
        noEmit: true,
        moduleDetection: "force",
        noUnusedLocals: false,
        noUnusedParameters: false,
      },
      files: snippets.map(({ file }) => file),
    };
    const project = join(scratch, "tsconfig.json");
    await writeFile(project, JSON.stringify(configuration));
    const compiled = runNode([join(root, "node_modules/typescript/bin/tsc"), "-p", project]);
    await expect(compiled).resolves.toBe("");
  });

  it.each(snippets.filter(({ runs }) => runs))("runs $name", async ({ file }) => {
    await runNode(["--conditions=@firsthand/source", "--import", "tsx", file]);
  });

  it.each(documents)("has no broken link in %s", (document) => {
    const broken = linksIn(join(root, document)).filter((link) => !resolves(document, link));
    expect(broken).toEqual([]);
  });
});

function resolves(document: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return true;
  const [path = "", anchor] = link.split("#", 2);
  const target = path === "" ? join(root, document) : join(root, dirname(document), path);
  if (!target.startsWith(root) || !existsSync(target)) return false;
  return anchor === undefined || anchorsIn(target).includes(anchor);
}
