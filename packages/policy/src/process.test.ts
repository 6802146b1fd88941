import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { policyFor, scratchDirectory } from "./policy-file.test-support.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const source = ["--conditions=@firsthand/source", "--import=tsx"];

const run = (...args: readonly string[]) =>
  promisify(execFile)(process.execPath, [...source, ...args], { cwd: root });

function policyPath(): string {
  const path = join(scratchDirectory(), "policy.json");
  writeFileSync(path, policyFor("checkout"));
  return path;
}

describe("a process", () => {
  it("ends with a policy file open, when nothing else is left to do", async () => {
    const module = new URL("file/open-policy-file.ts", import.meta.url).href;
    const program = `
      import { openPolicyFile } from ${JSON.stringify(module)};
      const file = await openPolicyFile({ path: ${JSON.stringify(policyPath())} });
      console.log(file.state().status);
    `;
    const { stdout } = await run("--input-type=module", "--eval", program);
    expect(stdout).toBe("current\n");
  });

  it("is the command", async () => {
    const command = fileURLToPath(new URL("cli/main.ts", import.meta.url));
    const path = policyPath();
    const { stdout } = await run(command, "check", path);
    expect(stdout).toBe(`${path}: valid, 1 rules\n`);
    await expect(run(command, "check", `${path}.old`)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("cannot be read"),
    });
  });
});
