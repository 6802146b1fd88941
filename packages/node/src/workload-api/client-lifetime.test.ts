import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import {
  credentialErrorOf,
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

describe("a process", () => {
  it.each([
    ["watch", "http2 false\n"],
    ["ask", ""],
  ] as const)("does not stay alive for a server that says nothing to a %s", async (mode, said) => {
    const server = await startRawServer(() => undefined);
    expect(await run(mode, server)).toBe(said);
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
