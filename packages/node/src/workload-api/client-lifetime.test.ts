import { execFile } from "node:child_process";
import type { ServerHttp2Stream } from "node:http2";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import {
  credentialErrorOf,
  frame,
  iterate,
  never,
  openClient,
  type RawServer,
  respond,
  startRawServer,
  until,
  x509Frame,
} from "./workload-api.test-support.js";

const program = fileURLToPath(new URL("client-process.test-support.ts", import.meta.url));

async function run(mode: "watch" | "ask" | "abort", { endpoint }: RawServer): Promise<string> {
  const path = endpoint.kind === "unix" ? endpoint.path : expect.fail("not a socket");
  const args = ["--conditions=@firsthand/source", "--import", "tsx", program, mode, path];
  return (await promisify(execFile)(process.execPath, args)).stdout;
}

/** Gives a process whose event loop is empty more than enough turns to end. */
async function passTurns({ session }: ServerHttp2Stream): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => session?.ping(resolve));
}

describe("a process", () => {
  it("stays alive for the first message of a watch, and not for the second", async () => {
    const server = await startRawServer(async (stream) => {
      await passTurns(stream);
      respond(stream);
      await passTurns(stream);
      stream.write(x509Frame);
    });
    expect(await run("watch", server)).toBe("http2 false\nsvids 1\n");
  });

  it("stays alive for the end of a question", async () => {
    const server = await startRawServer(async (stream) => {
      respond(stream);
      stream.write(frame(new Uint8Array()));
      await passTurns(stream);
      stream.end();
    });
    expect(await run("ask", server)).toBe("svids 0\n");
  });

  it("does not stay alive for a connection that no call wants any more", async () => {
    const server = await startRawServer(() => undefined);
    expect(await run("abort", server)).toBe("aborted\n");
  });
});

describe("close", () => {
  it("ends every call, and leaves no connection", async () => {
    const server = await startRawServer((stream, { headers }) => {
      respond(stream);
      if (headers[":path"]?.endsWith("FetchX509SVID")) stream.write(x509Frame);
    });
    const client = openClient(server.endpoint);
    const before = handles();
    const watch = iterate(client.watchX509Svids(never));
    await watch.next();
    const calls = [
      watch.next(),
      iterate(client.watchJwtBundles(never)).next(),
      client.fetchJwtSvids({ audience: ["a"] }, never),
    ];
    const errors = Promise.all(calls.map(credentialErrorOf));
    await until(() => server.calls.length === 3);
    await client.close();
    for (const error of await errors) expect(error.code).toBe("source_closed");
    await until(() => server.openSessions.size === 0);
    await until(() => handles().join() === before.join());
  });

  it("ends a call that is about to connect, and refuses later ones", async () => {
    const server = await startRawServer(() => undefined);
    const client = openClient(server.endpoint);
    const early = credentialErrorOf(iterate(client.watchX509Svids(never)).next());
    await client.close();
    expect((await early).code).toBe("source_closed");
    const late = await credentialErrorOf(iterate(client.watchX509Svids(never)).next());
    expect(late.code).toBe("source_closed");
    expect(server.calls).toHaveLength(0);
  });

  it("may be called twice, and on a client that was never used", async () => {
    const client = openClient({ kind: "unix", path: "/nowhere/agent.sock" });
    await client.close();
    await client.close();
  });
});

/** The sockets that keep this process busy; the test runner has some, too. */
function handles(): readonly string[] {
  return process.getActiveResourcesInfo().filter((name) => name.endsWith("Wrap"));
}
