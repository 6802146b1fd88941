import { execFileSync } from "node:child_process";

const paths = new Map();

/** The executable of a Node line, from the `node` package of the npm registry; `here` is this one. */
export function nodePath(line) {
  if (line === "here" || process.versions.node.startsWith(`${line}.`)) return process.execPath;
  if (!paths.has(line)) {
    const args = ["-y", `node@${line}`, "-p", "process.execPath"];
    const output = execFileSync("npx", args, { cwd: "/", encoding: "utf8" });
    paths.set(line, output.trim().split("\n").at(-1));
  }
  return paths.get(line);
}
