import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigurationError } from "@firsthand/core";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { maxDocumentBytes } from "../document/parse-yaml.js";
import { decisionFor, policyFor, scratchDirectory } from "../policy-file.test-support.js";
import { openPolicyFile } from "./open-policy-file.js";
import type { PolicyFileOptions, PolicyFileState } from "./policy-file-options.js";

/** The states of an open file, one after the other. */
function stateQueue() {
  const states: PolicyFileState[] = [];
  let arrived: () => void = () => undefined;
  return {
    onChange(state: PolicyFileState) {
      states.push(state);
      arrived();
    },
    async next(): Promise<PolicyFileState> {
      while (states.length === 0) await new Promise<void>((resolve) => (arrived = resolve));
      return states.shift() as PolicyFileState;
    },
  };
}

async function open(path: string, options: Partial<PolicyFileOptions> = {}) {
  const queue = stateQueue();
  const { onChange } = queue;
  const file = await openPolicyFile({ path, pollMilliseconds: 86_400_000, onChange, ...options });
  onTestFinished(() => file.close());
  return { file, next: queue.next };
}

function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

describe("openPolicyFile", () => {
  it("decides, explains and tells its state", async () => {
    const path = join(scratchDirectory(), "policy.yaml");
    writeFileSync(path, policyFor("checkout"));
    const { file } = await open(path);
    expect(await decisionFor(file.decide)).toMatchObject({ effect: "allow", rule: "checkout" });
    expect(await decisionFor(file.explain)).toMatchObject({ decision: { rule: "checkout" } });
    expect(file.state()).toMatchObject({ status: "current", problem: undefined });
  });

  it("takes a changed file over as a whole", async () => {
    const path = join(scratchDirectory(), "policy.yaml");
    writeFileSync(path, policyFor("checkout"));
    const { file, next } = await open(path);
    const before = file.state();
    replace(path, policyFor("returns"));
    expect(await next()).toMatchObject({ status: "current" });
    expect(file.state().digest).not.toBe(before.digest);
    expect(await decisionFor(file.decide)).toMatchObject({ effect: "deny", rule: undefined });
  });

  it("goes on with the last good policy while the file is not valid, and says so", async () => {
    const path = join(scratchDirectory(), "policy.yaml");
    writeFileSync(path, policyFor("checkout"));
    const { file, next } = await open(path);
    const { digest, since } = file.state();
    replace(path, policyFor("checkout").replace("callers", "caller"));
    expect(await next()).toMatchObject({ status: "stale", digest, since });
    expect(file.state().problem).toMatchObject({ option: "rules[0].caller" });
    expect(await decisionFor(file.decide)).toMatchObject({ effect: "allow" });
    rmSync(path);
    expect((await next()).problem?.message).toContain("cannot be read");
    expect(await decisionFor(file.decide)).toMatchObject({ effect: "allow" });
    replace(path, policyFor("checkout"));
    expect(await next()).toMatchObject({ status: "current", digest, problem: undefined });
  });

  it("follows the links of a Kubernetes volume", async () => {
    const directory = scratchDirectory();
    for (const caller of ["checkout", "returns"]) {
      mkdirSync(join(directory, caller));
      writeFileSync(join(directory, caller, "policy.yaml"), policyFor(caller));
    }
    symlinkSync("checkout", join(directory, "..data"));
    symlinkSync("..data/policy.yaml", join(directory, "policy.yaml"));
    const { file, next } = await open(join(directory, "policy.yaml"));
    expect(await decisionFor(file.decide)).toMatchObject({ effect: "allow" });
    symlinkSync("returns", join(directory, "..data_tmp"));
    renameSync(join(directory, "..data_tmp"), join(directory, "..data"));
    await next();
    expect(await decisionFor(file.decide)).toMatchObject({ effect: "deny" });
  });

  it("looks again every pollMilliseconds, where no change of the directory is seen", async () => {
    const directory = scratchDirectory();
    mkdirSync(join(directory, "elsewhere"));
    writeFileSync(join(directory, "elsewhere", "policy.yaml"), policyFor("checkout"));
    symlinkSync("elsewhere/policy.yaml", join(directory, "policy.yaml"));
    const { file, next } = await open(join(directory, "policy.yaml"), { pollMilliseconds: 100 });
    replace(join(directory, "elsewhere", "policy.yaml"), policyFor("returns"));
    await next();
    expect(await decisionFor(file.decide)).toMatchObject({ effect: "deny" });
  });

  it("asks the conditions of the application", async () => {
    const path = join(scratchDirectory(), "policy.yaml");
    const policy = policyFor("checkout").replace('"effect"', '"conditions":["window"],"effect"');
    writeFileSync(path, policy);
    const conditions = { window: { holds: () => true, onFailure: "closed" } } as const;
    const { file } = await open(path, { conditions });
    expect(await decisionFor(file.decide)).toMatchObject({ effect: "allow" });
    await expect(openPolicyFile({ path })).rejects.toMatchObject({
      option: "rules[0].conditions[0]",
    });
  });

  it("does not end with a listener that throws", async () => {
    const path = join(scratchDirectory(), "policy.yaml");
    writeFileSync(path, policyFor("checkout"));
    const warned = new Promise<string | Error>((resolve) => {
      vi.spyOn(process, "emitWarning").mockImplementation(resolve);
    });
    const { file } = await open(path, {
      onChange() {
        throw new Error("no log");
      },
    });
    replace(path, policyFor("returns"));
    expect(await warned).toContain("no log");
    expect(await decisionFor(file.decide)).toMatchObject({ effect: "deny" });
  });

  it("goes on deciding after it was closed", async () => {
    const path = join(scratchDirectory(), "policy.yaml");
    writeFileSync(path, policyFor("checkout"));
    const { file } = await open(path);
    await file.close();
    expect(await decisionFor(file.decide)).toMatchObject({ effect: "allow" });
  });

  it.each<[title: string, write: (path: string) => void, option: string, problem: string]>([
    ["is not there", () => undefined, "path", "cannot be read"],
    ["is a directory", (path) => mkdirSync(path), "path", "cannot be read"],
    ["is not UTF-8", (path) => writeFileSync(path, Buffer.from([0xff])), "path", "is not UTF-8"],
    [
      "is too long",
      (path) => writeFileSync(path, "#".repeat(maxDocumentBytes + 1)),
      "path",
      "is longer than",
    ],
    ["is not valid", (path) => writeFileSync(path, "version: 2"), "version", "must be 1"],
  ])("does not open a file that %s", async (_, write, option, problem) => {
    const path = join(scratchDirectory(), "policy.yaml");
    write(path);
    const error: unknown = await openPolicyFile({ path }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ option, message: expect.stringContaining(problem) });
  });

  it.each<[options: object, option: string]>([
    [{}, "path"],
    [{ path: "" }, "path"],
    [{ path: "p", pollMilliseconds: 1 }, "pollMilliseconds"],
    [{ path: "p", onChange: true }, "onChange"],
    [{ path: "p", poll: 1 }, "poll"],
  ])("refuses the options %j", async (options, option) => {
    await expect(openPolicyFile(options as PolicyFileOptions)).rejects.toMatchObject({ option });
  });
});
