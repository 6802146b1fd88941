import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Skip } from "../runner/report.js";
import { runCommand } from "./run-command.js";

const buildMilliseconds = 20 * 60_000;

/** Where built programs are kept for the next run. */
export function cacheDirectory(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "firsthand-interop");
}

/** The version of Go, such as `go1.26.8`. Without Go there is nothing to check. */
export async function goVersion(): Promise<string> {
  try {
    return (await runCommand("go", ["env", "GOVERSION"], { env: goEnvironment })).trim();
  } catch (error) {
    const { cause } = error as { readonly cause?: { readonly code?: unknown } };
    throw cause?.code === "ENOENT" ? new Skip("Go is not installed") : error;
  }
}

/** Whether Go can build a program that is partly C. */
export async function hasCompiler(): Promise<boolean> {
  try {
    const [compiler = ""] = (await runCommand("go", ["env", "CC"])).trim().split(" ");
    await runCommand(compiler, ["--version"]);
    return true;
  } catch {
    return false;
  }
}

const goEnvironment = { ...process.env, GOWORK: "off" };

/** Builds packages of a module in this folder; all of them are in the directory then, or none. */
export async function goBuild(
  module: string,
  directory: string,
  packages: readonly string[],
): Promise<void> {
  await mkdir(dirname(directory), { recursive: true });
  const fresh = await mkdtemp(`${directory}-`);
  const removeFresh = () => rmSync(fresh, { recursive: true, force: true });
  process.once("exit", removeFresh);
  const args = [
    "build",
    "-trimpath",
    "-buildvcs=false",
    "-ldflags=-s -w",
    "-o",
    `${fresh}/`,
    ...packages,
  ];
  try {
    await runCommand("go", args, {
      directory: fileURLToPath(new URL(`../${module}`, import.meta.url)),
      env: { ...goEnvironment, CGO_ENABLED: module === "spire" ? "1" : "0" },
      milliseconds: buildMilliseconds,
    });
    await rm(directory, { recursive: true, force: true });
    await rename(fresh, directory);
  } finally {
    process.off("exit", removeFresh);
    removeFresh();
  }
}
