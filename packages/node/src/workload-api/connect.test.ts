import { getEventListeners } from "node:events";
import { chmod, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { connect } from "./connect.js";
import type { Endpoint } from "./endpoint.js";
import {
  credentialErrorOf,
  listen,
  never,
  temporaryDirectory,
  until,
} from "./workload-api.test-support.js";

const unix = (path: string): Endpoint => ({ kind: "unix", path });
const root = 0;
const nobody = 65_534;

async function startServer(kind: Endpoint["kind"] = "unix") {
  const server = createServer((socket) => socket.on("error", () => undefined));
  const endpoint = await listen(server, kind);
  onTestFinished(() => void server.close());
  return endpoint.kind === "unix" ? endpoint : expect.fail("not a socket");
}

/** Does something as a user whom file modes bind. */
async function asOrdinaryUser<T>(act: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== root) return act();
  process.seteuid?.(nobody);
  try {
    return await act();
  } finally {
    process.seteuid?.(root);
  }
}

describe("connect", () => {
  it.each([
    ["nothing is there", "ENOENT", async (directory: string) => join(directory, "agent.sock")],
    [
      "a part of the path is a file",
      "ENOTDIR",
      async (directory: string) => {
        await writeFile(join(directory, "file"), "");
        return join(directory, "file", "agent.sock");
      },
    ],
    [
      "it is a file",
      "ECONNREFUSED|ENOTSOCK",
      async (directory: string) => {
        await writeFile(join(directory, "agent.sock"), "");
        return join(directory, "agent.sock");
      },
    ],
    [
      "it goes round in circles",
      "ELOOP",
      async (directory: string) => {
        await symlink("agent.sock", join(directory, "agent.sock"));
        return join(directory, "agent.sock");
      },
    ],
  ])("says endpoint_unreachable when %s, with path and %s", async (_, errno, make) => {
    const path = await make(await temporaryDirectory());
    const error = await credentialErrorOf(connect(unix(path), "unchecked", never));
    expect(error.code).toBe("endpoint_unreachable");
    expect(error.message).toMatch(
      new RegExp(
        `^nothing answers at the address of the Workload API: unix://${path} \\((${errno})\\)$`,
      ),
    );
    expect(error.cause).toBeInstanceOf(Error);
  });

  it("says endpoint_unreachable when nobody listens on the port", async () => {
    const server = createServer();
    const endpoint = await listen(server, "tcp");
    await new Promise((resolve) => server.close(resolve));
    const error = await credentialErrorOf(connect(endpoint, "unchecked", never));
    expect(error.code).toBe("endpoint_unreachable");
    expect(error.message).toMatch(/: tcp:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)$/);
  });

  it("refuses a path that is too long for a socket, instead of cutting it", async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, "x".repeat(107 - directory.length));
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => void server.close());
    const error = await credentialErrorOf(connect(unix(`${path}y`), "unchecked", never));
    expect(error.code).toBe("endpoint_unreachable");
    expect(error.message).toMatch(/\(a path of a socket has at most \d+ bytes\)$/);
  });

  it.each([
    ["the socket", (path: string) => path],
    ["its directory", (path: string) => dirname(path)],
  ])("WA-011 says endpoint_forbidden when the mode of %s forbids it", async (_, closed) => {
    const { path } = await startServer();
    await chmod(dirname(path), 0o755);
    await chmod(path, 0o777);
    await asOrdinaryUser(async () => {
      const session = await connect(unix(path), "unchecked", never);
      session.destroy();
    });
    await chmod(closed(path), 0o000);
    const error = await asOrdinaryUser(() =>
      credentialErrorOf(connect(unix(path), "unchecked", never)),
    );
    await chmod(dirname(path), 0o755);
    expect(error.code).toBe("endpoint_forbidden");
    expect(error.message).toBe(
      `this process may not open the socket of the Workload API: unix://${path} (EACCES)`,
    );
    expect(error.cause).toMatchObject({ code: "EACCES" });
  });

  it("maps what the check of the socket finds", async () => {
    const { path } = await startServer();
    const owner = { ownerUids: [process.getuid?.() ?? root] };
    const gone = unix(`${path}x`);
    expect((await credentialErrorOf(connect(gone, owner, never))).code).toBe(
      "endpoint_unreachable",
    );
    const other = { ownerUids: [nobody - 1] };
    const error = await credentialErrorOf(connect(unix(path), other, never));
    expect(error.code).toBe("endpoint_untrusted");
  });

  it("connects to where a symbolic link leads when the socket is trusted", async () => {
    const { path } = await startServer();
    const link = join(await temporaryDirectory(), "link");
    await symlink(path, link);
    const owner = { ownerUids: [process.getuid?.() ?? root] };
    const session = await connect(unix(link), owner, never);
    onTestFinished(() => session.destroy());
    expect(session.socket.remoteAddress).toBeUndefined();
    expect(session.destroyed).toBe(false);
  });

  it("lets go of its signal when it fails, and when the session is over", async () => {
    const { signal } = new AbortController();
    const nowhere = unix("/nowhere/agent.sock");
    await credentialErrorOf(connect(nowhere, "unchecked", signal));
    await until(() => getEventListeners(signal, "abort").length === 0);
    const session = await connect(await startServer(), "unchecked", signal);
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    session.destroy();
    await until(() => getEventListeners(signal, "abort").length === 0);
  });

  it("destroys the session when its signal aborts", async () => {
    const abort = new AbortController();
    const session = await connect(await startServer(), "unchecked", abort.signal);
    const closed = new Promise((resolve) => session.once("close", resolve));
    session.on("error", () => undefined);
    abort.abort();
    await closed;
  });

  it("rejects with the reason of its signal", async () => {
    const endpoint = await startServer();
    const reason = new Error("closed");
    await expect(connect(endpoint, "unchecked", AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
