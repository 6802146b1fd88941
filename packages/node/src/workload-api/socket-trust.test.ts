import { chmod, chown, mkdir, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { trustedSocketPath } from "./socket-trust.js";
import { credentialErrorOf, temporaryDirectory } from "./workload-api.test-support.js";

const us = process.getuid?.() ?? 0;
const isRoot = us === 0;
const stranger = 54_321;

/** A socket two directories below one of its own, which belongs to us and which we alone may write. */
async function startSocket(): Promise<string> {
  const directory = join(await temporaryDirectory(), "run", "spire");
  await mkdir(directory, { recursive: true });
  const path = join(directory, "agent.sock");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return path;
}

async function refusalOf(path: string, ownerUids: readonly number[] = [us]): Promise<string> {
  const error = await credentialErrorOf(trustedSocketPath(path, { ownerUids }));
  expect(error.code).toBe("endpoint_untrusted");
  return error.message.replace(/^.*: /, "");
}

describe("trustedSocketPath", () => {
  it("asks for nothing when the socket is not checked", async () => {
    expect(await trustedSocketPath("/nowhere/agent.sock", "unchecked")).toBe("/nowhere/agent.sock");
  });

  it("accepts a socket of a user who is named", async () => {
    const path = await startSocket();
    expect(await trustedSocketPath(path, { ownerUids: [stranger, us] })).toBe(path);
  });

  it("accepts a directory that everybody may write to, when it has the sticky bit", async () => {
    const path = await startSocket();
    await chmod(dirname(path), 0o1777);
    expect(await trustedSocketPath(path, { ownerUids: [us] })).toBe(path);
  });

  it("follows symbolic links and returns where they lead", async () => {
    const path = await startSocket();
    const elsewhere = await temporaryDirectory();
    await chmod(elsewhere, 0o777); // what matters is where the socket is
    await symlink(dirname(path), join(elsewhere, "spire"));
    await symlink("spire/agent.sock", join(elsewhere, "link"));
    expect(await trustedSocketPath(join(elsewhere, "link"), { ownerUids: [us] })).toBe(path);
  });

  it("WA-032 refuses a socket of another user", async () => {
    const path = await startSocket();
    expect(await refusalOf(path, [stranger])).toBe(`${path} belongs to user ${us}`);
    expect(await refusalOf(path, [])).toBe(`${path} belongs to user ${us}`);
  });

  it.each(["the directory", "a directory above"])(
    "WA-032 refuses when everybody may write to %s",
    async (which) => {
      const path = await startSocket();
      const directory = which === "the directory" ? dirname(path) : dirname(dirname(path));
      await chmod(directory, 0o777);
      expect(await refusalOf(path)).toBe(`${directory} is writable for everybody`);
    },
  );

  it("WA-032 refuses when everybody may write to the directory that a link leads to", async () => {
    const path = await startSocket();
    const link = join(await temporaryDirectory(), "link");
    await symlink(path, link);
    await chmod(dirname(path), 0o757);
    expect(await refusalOf(link)).toBe(`${dirname(path)} is writable for everybody`);
  });

  it.skipIf(!isRoot)("WA-032 refuses when a directory belongs to another user", async () => {
    const path = await startSocket();
    const directory = dirname(dirname(path));
    await chown(directory, stranger, stranger);
    expect(await refusalOf(path)).toBe(`${directory} belongs to user ${stranger}`);
    expect(await trustedSocketPath(path, { ownerUids: [us, stranger] })).toBe(path);
  });

  it.skipIf(!isRoot)("accepts directories of root above the socket of a user", async () => {
    const path = await startSocket();
    await chown(path, stranger, stranger);
    expect(await trustedSocketPath(path, { ownerUids: [stranger] })).toBe(path);
  });

  it.each([
    ["a file", (path: string) => writeFile(path, "")],
    ["a directory", (path: string) => mkdir(path)],
  ])("WA-032 refuses %s", async (_, make) => {
    const path = join(await temporaryDirectory(), "agent.sock");
    await make(path);
    expect(await refusalOf(path)).toBe(`${path} is not a socket`);
  });

  it("passes on that nothing is there", async () => {
    const path = join(await temporaryDirectory(), "agent.sock");
    await expect(trustedSocketPath(path, { ownerUids: [us] })).rejects.toMatchObject({
      code: "ENOENT",
    });
  });
});
