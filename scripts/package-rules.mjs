import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const shipped =
  /^(?:package\.json|policy\.schema\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/.+\.(?:js|d\.ts)(?:\.map)?|src\/.+\.ts)$/;
const testing = /\.(?:test|test-support)\./;
const sourceImport = /\b(?:from|import)\b[\s(]*["'](?:#|[^"']*\/src\/|[^"']*\/source["'])/;
const installScripts = ["preinstall", "install", "postinstall", "prepare"];
const bundledDependency = /\/node_modules\/zod\//;
const maxCoreDependencies = 5;

function listFiles(root) {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

function contentProblems(files) {
  const missing = ["README.md", "LICENSE"].filter((file) => !files.includes(file));
  const stray = files.filter((file) => !shipped.test(file) || testing.test(file));
  return [...missing.map((file) => `has no ${file}`), ...stray.map((file) => `ships ${file}`)];
}

function manifestProblems({ name, scripts = {}, dependencies = {}, peerDependencies }) {
  const problems = installScripts
    .filter((script) => script in scripts)
    .map((script) => `runs a ${script} script`);
  for (const [dependency, range] of Object.entries({ ...dependencies, ...peerDependencies }))
    if (range.includes(":")) problems.push(`depends on ${dependency} ${range}`);
  const count = Object.keys(dependencies).length;
  if (name === "@firsthand/core" && count > maxCoreDependencies)
    problems.push(`has ${count} dependencies, more than ${maxCoreDependencies}`);
  return problems;
}

/** What consumers compile against must not lead back into the sources. */
function declarationProblems(root, files) {
  return files
    .filter((file) => file.endsWith(".d.ts"))
    .filter((file) => {
      const declarations = readFileSync(join(root, file), "utf8");
      return sourceImport.test(declarations);
    })
    .map((file) => `${file} mentions the sources`);
}

/** A file bundled twice would have two identities: `instanceof` and module state would break. */
function bundleProblems(root, files) {
  const seen = new Map();
  const problems = [];
  for (const file of files.filter((each) => /^dist\/.+\.js\.map$/.test(each))) {
    for (const source of JSON.parse(readFileSync(join(root, file), "utf8")).sources) {
      const path = join(file, "..", source);
      const isOurs = path.startsWith("src/") && !testing.test(path);
      if (!isOurs && !bundledDependency.test(path)) problems.push(`${file} bundles ${path}`);
      if (seen.has(path)) problems.push(`${path} is both in ${seen.get(path)} and in ${file}`);
      seen.set(path, file);
    }
  }
  return problems;
}

/** Everything that is wrong with the files of an unpacked package, as sentences. */
export function packageProblems({ root, manifest }) {
  const files = listFiles(root);
  return [
    ...contentProblems(files),
    ...manifestProblems(manifest),
    ...declarationProblems(root, files),
    ...bundleProblems(root, files),
  ];
}
