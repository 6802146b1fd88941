import { describe, expect, it } from "vitest";
import { expectConfigurationError } from "../expect-error.test-support.js";
import { runtime as nodeRuntime } from "./node.js";
import type { Runtime } from "./port.js";
import { selfTest } from "./self-test.js";
import { runtime as webRuntime } from "./web.js";

const runtimes: readonly [name: string, runtime: Runtime][] = [
  ["node:crypto", nodeRuntime],
  ["WebCrypto", webRuntime],
];

describe.each(runtimes)("selfTest of %s", (_, runtime) => {
  it("is passed", async () => {
    await expect(selfTest(runtime)).resolves.toBeUndefined();
  });

  it.each<[title: string, lie: Partial<Runtime>]>([
    ["FC-017 refuses a runtime that says yes to everything", { verify: () => true }],
    ["refuses a runtime that says no to everything", { verify: () => false }],
    ["refuses a runtime that answers with something true", { verify: () => 1 as unknown as true }],
    ["refuses a runtime that says yes to every MAC", { isMac: () => true }],
    ["refuses a runtime that says no to every MAC", { isMac: () => false }],
    ["refuses a runtime that hashes wrongly", { sha256: () => new Uint8Array(32) }],
    ["refuses a runtime that does not hash", { sha256: (bytes) => bytes }],
    ["refuses a runtime that hashes texts wrongly", { hashText: () => "" }],
  ])("%s", async (_title, lie) => {
    await expectConfigurationError(() => selfTest({ ...runtime, ...lie }), "cryptography_unsound");
  });

  it("is passed by what checks signatures in the thread pool", async () => {
    await expect(selfTest(runtime, runtime.verifyInThreadPool)).resolves.toBeUndefined();
  });

  it.each([true, false])("refuses a check of proofs that always says %s", async (answer) => {
    const lying = () => selfTest(runtime, () => answer);
    await expectConfigurationError(lying, "cryptography_unsound");
  });
});
