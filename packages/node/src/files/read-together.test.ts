import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CredentialError } from "@firsthand/core";
import { beforeEach, describe, expect, it } from "vitest";
import { emptyDirectory } from "./file-scene.test-support.js";
import { readTogether } from "./read-together.js";

let directory: string;
const at = (name: string) => join(directory, name);
const failure = async (paths: Iterable<string>): Promise<CredentialError> =>
  readTogether(paths).then(
    () => expect.fail("read"),
    (error) => error,
  );

beforeEach(async () => {
  directory = await emptyDirectory();
  writeFileSync(at("one"), "1");
  writeFileSync(at("two"), "2");
});

describe("readTogether", () => {
  it("reads files by their paths", async () => {
    symlinkSync("two", at("link"));
    const contents = await readTogether([at("one"), at("link")]);
    expect([...contents].map(([path, content]) => [path, String(content)])).toEqual([
      [at("one"), "1"],
      [at("link"), "2"],
    ]);
  });

  it("reads a file of 1 MiB", async () => {
    truncateSync(at("one"), 1024 * 1024);
    expect((await readTogether([at("one")])).get(at("one"))).toHaveLength(1024 * 1024);
  });

  it.each([
    ["is empty", () => truncateSync(at("one"), 0)],
    ["is larger than 1 MiB", () => truncateSync(at("one"), 1024 * 1024 + 1)],
    [
      "is not a regular file",
      () => {
        renameSync(at("one"), at("other"));
        mkdirSync(at("one"));
      },
    ],
    [
      "is not a regular file",
      () => {
        renameSync(at("one"), at("other"));
        execFileSync("mkfifo", [at("one")]);
      },
    ],
  ])("refuses what %s", async (problem, spoil) => {
    spoil();
    const error = await failure([at("two"), at("one")]);
    expect(error).toMatchObject({ name: "CredentialError", code: "file_invalid" });
    expect(error.message).toContain(`${at("one")}: ${problem}`);
  });

  it.each([
    ["ENOENT: no such file or directory", () => renameSync(at("one"), at("other"))],
    [
      "ELOOP: too many symbolic links encountered",
      () => {
        renameSync(at("one"), at("other"));
        symlinkSync("one", at("one"));
      },
    ],
  ])("says what the system says: %s", async (problem, spoil) => {
    spoil();
    const error = await failure([at("one")]);
    expect(error).toMatchObject({ name: "CredentialError", code: "file_unreadable" });
    expect(error.message).toContain(`${at("one")}: ${problem}`);
    expect(error.message.endsWith(problem)).toBe(true);
    expect(error.cause).toMatchObject({ code: problem.slice(0, problem.indexOf(":")) });
  });

  it("does not take a file for a directory", async () => {
    const error = await failure([at("one/file")]);
    expect(error.message).toContain(`${at("one/file")}: ENOTDIR: not a directory`);
  });

  it.each([
    ["has new content", () => writeFileSync(at("one"), "another")],
    [
      "gives way to another",
      () => {
        writeFileSync(at("new"), "3");
        renameSync(at("new"), at("one"));
      },
    ],
  ])("refuses files when one %s before the last is read", async (_, change) => {
    function* paths() {
      yield at("one");
      change();
      yield at("two");
    }
    const error = await failure(paths());
    expect(error).toMatchObject({ code: "file_invalid" });
    expect(error.message).toContain(`${at("one")}: changed while it was read`);
  });

  it("refuses files when one vanishes before the last is read", async () => {
    function* paths() {
      yield at("one");
      renameSync(at("one"), at("other"));
      yield at("two");
    }
    expect(await failure(paths())).toMatchObject({ code: "file_unreadable" });
  });
});
