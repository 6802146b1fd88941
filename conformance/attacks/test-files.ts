import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const testFile = /\.test(?:-support)?\.ts$|[\\/]test[\\/].*\.ts$/;
const root = fileURLToPath(new URL("../../", import.meta.url));

/** The tests of the repository, tables and helpers included, with their sources. */
export function testFiles(): readonly { readonly file: string; readonly source: string }[] {
  return ["packages", "conformance", "test"]
    .flatMap((folder) => filesIn(join(root, folder)))
    .filter((file) => testFile.test(file))
    .map((file) => ({ file, source: readFileSync(file, "utf8") }));
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isFile()) return [path];
    return entry.isDirectory() && entry.name !== "node_modules" ? filesIn(path) : [];
  });
}
