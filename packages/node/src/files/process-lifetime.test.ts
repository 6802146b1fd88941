import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createTrustDomain } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import type { FileIdentityOptions } from "./file-identity-options.js";
import { emptyDirectory, issueFiles, pathsIn, writeInPlace } from "./file-scene.test-support.js";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const module = new URL("open-file-identity.ts", import.meta.url).href;
const arguments_ = ["--conditions=@firsthand/source", "--import=tsx", "--input-type=module"];

/** What a process of its own prints, which opens an identity and then has nothing left to do. */
async function outputOf(options: FileIdentityOptions): Promise<string> {
  const program = `
    import { openFileIdentity } from ${JSON.stringify(module)};
    const opening = openFileIdentity(${JSON.stringify(options)});
    console.log(await opening.then(({ state }) => state.status, ({ code }) => code));
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...arguments_, "--eval", program],
    { cwd: root },
  );
  return stdout.trim();
}

describe("a process with an identity from files", () => {
  it("ends when nothing else is left to do", async () => {
    const directory = await emptyDirectory();
    await writeInPlace(directory, await issueFiles(await createTrustDomain("shop.example")));
    expect(await outputOf(pathsIn(directory))).toBe("ready");
  });

  it("does not end while the files are waited for", async () => {
    const paths = pathsIn(await emptyDirectory());
    expect(await outputOf({ ...paths, timeoutMilliseconds: 1 })).toBe("file_unreadable");
  });
});
