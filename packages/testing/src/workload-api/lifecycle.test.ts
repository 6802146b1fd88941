import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:http2";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ConfigurationError } from "@firsthand/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { serve } from "./workload-api.test-support.js";
import { messagesOf, openClient } from "./workload-api-client.test-support.js";
import type { WorkloadApiServer } from "./workload-api-server.js";

const pathOf = ({ address }: WorkloadApiServer) => address.replace("unix://", "");

async function temporaryDirectory() {
  const directory = await mkdtemp(join(tmpdir(), "firsthand test ")); // with blanks
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** How a connection to a path comes about. */
function connecting(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection(path, () => resolve("connected"));
    socket.on("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    onTestFinished(() => void socket.destroy());
  });
}

describe("the address", () => {
  it("is by default a new socket that only this user can reach", async () => {
    const [first, second] = [await serve(), await serve()];
    expect(first.server.address).toMatch(/^unix:\/\/\/.*\.sock$/);
    expect(first.server.address).not.toBe(second.server.address);
    expect(statSync(dirname(pathOf(first.server))).mode & 0o777).toBe(0o700);
  });

  it("can be the path of a unix socket", async () => {
    const directory = await temporaryDirectory();
    const address = `unix://${encodeURI(join(directory, "agent.sock"))}`;
    const { server } = await serve({ address });
    expect(server.address).toBe(address);
    expect(await connecting(join(directory, "agent.sock"))).toBe("connected");
    await server.close();
    expect(await readdir(directory)).toEqual([]);
  });

  it("is not taken from another server", async () => {
    const { server, client } = await serve();
    await expect(serve({ address: server.address })).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(messagesOf(await client.first("FetchX509SVID"), 1)).toHaveLength(1);
  });

  it.each([
    "",
    "blah",
    "unix:agent.sock",
    "unix://",
    "unix://host/agent.sock",
    "unix:///agent.sock?x",
    "unix:///agent.sock#x",
    "tcp:127.0.0.1:0",
    "tcp://",
    "tcp://127.0.0.1",
    "tcp://127.0.0.1:0/",
    "tcp://user@127.0.0.1:0",
    "tcp://localhost:0",
    "tcp://0.0.0.0:0",
    "tcp://10.0.0.5:8000",
    "tcp://127.example:0",
    "tcp://[::]:0",
    "http://127.0.0.1:0",
  ])("is not %j", async (address) => {
    const refused = serve({ address });
    await expect(refused).rejects.toThrow(ConfigurationError);
    await expect(refused).rejects.toMatchObject({ code: "option_invalid", option: "address" });
  });

  it("is not opened for what is not a workload", async () => {
    const directory = await temporaryDirectory();
    const address = `unix://${encodeURI(join(directory, "agent.sock"))}`;
    await expect(serve({ address, workloads: ["checkout"] })).rejects.toThrow(ConfigurationError);
    expect(await readdir(directory)).toEqual([]);
  });
});

describe.each(["unix", "tcp"])("over %s", (scheme) => {
  const address = scheme === "tcp" ? "tcp://127.0.0.1:0" : undefined;

  it("a killed server tears its streams away, and comes back with the same SVIDs", async () => {
    const { server, client } = await serve({ address });
    const stream = client.stream("FetchX509SVID");
    const first = await stream.next();
    const before = server.address;
    await server.kill();
    expect(await stream.next()).toMatchObject({ status: "UNAVAILABLE" });
    expect(server.openStreams()).toBe(0);
    const refused = await openClient(server).first("FetchX509SVID");
    expect(refused).toMatchObject({ status: "UNAVAILABLE" });
    await server.restart();
    expect(server.address).toBe(before);
    expect(await openClient(server).first("FetchX509SVID")).toEqual(first);
  });

  it("a running server can be restarted", async () => {
    const { server, client } = await serve({ address });
    const stream = client.stream("FetchX509SVID");
    const first = await stream.next();
    await server.restart();
    expect(await stream.next()).toMatchObject({ status: "UNAVAILABLE" });
    expect(await openClient(server).first("FetchX509SVID")).toEqual(first);
  });

  it("a server can rotate and be withdrawn from while it is dead", async () => {
    const { server, client } = await serve({ address });
    const first = await client.first("FetchX509SVID");
    await server.kill();
    await server.kill();
    await server.rotate();
    await server.restart();
    const second = await openClient(server).first("FetchX509SVID");
    expect(messagesOf(second, 1)).toHaveLength(1);
    expect(second).not.toEqual(first);
  });
});

it("a killed server leaves the file of its socket behind", async () => {
  const { server } = await serve();
  await server.kill();
  expect(await readdir(dirname(pathOf(server)))).toEqual(["workload-api.sock"]);
  expect(await connecting(pathOf(server))).toBe("ECONNREFUSED");
  await server.close();
  expect(existsSync(dirname(pathOf(server)))).toBe(false);
});

describe("close", () => {
  it("ends what is open and leaves nothing behind", async () => {
    const { server, client } = await serve();
    const stream = client.stream("FetchX509SVID");
    await stream.next();
    await server.close();
    expect(await stream.next()).toMatchObject({ status: "UNAVAILABLE" });
    expect(server.openStreams()).toBe(0);
    expect(existsSync(dirname(pathOf(server)))).toBe(false);
    await server.close();
  });

  it("is what disposing of it does", async () => {
    const { server } = await serve();
    await server[Symbol.asyncDispose]();
    expect(existsSync(pathOf(server))).toBe(false);
  });

  it("lets the process end", async () => {
    const program = `
      import { connect } from "node:http2";
      import { createTrustDomain, serveWorkloadApi } from "@firsthand/testing";
      const trustDomain = await createTrustDomain("shop.example");
      const address = "tcp://127.0.0.1:0";
      const server = await serveWorkloadApi({ trustDomain, workloads: ["/checkout"], address });
      const session = connect(server.address.replace("tcp", "http"));
      session.on("error", () => {});
      await new Promise((resolve) => session.once("remoteSettings", resolve));
      await server.close();
      process.stdout.write("closed");
    `;
    const source = ["--conditions=@firsthand/source", "--import", "tsx"];
    const cwd = fileURLToPath(new URL("../..", import.meta.url));
    const options = { cwd, timeout: 30_000 };
    const command = [...source, "--input-type=module", "--eval", program];
    expect((await promisify(execFile)(process.execPath, command, options)).stdout).toBe("closed");
  });
});

describe("what is not gRPC", () => {
  async function request(server: WorkloadApiServer, headers: object, body: Uint8Array) {
    const socket = createConnection(pathOf(server));
    const session = connect("http://localhost", { createConnection: () => socket });
    onTestFinished(() => session.destroy());
    const stream = session.request({
      ":method": "POST",
      ":path": "/SpiffeWorkloadAPI/FetchX509SVID",
      "content-type": "application/grpc",
      "workload.spiffe.io": "true",
      ...headers,
    });
    stream.end(body);
    return new Promise((resolve) => stream.on("response", resolve));
  }

  it("is answered with 415", async () => {
    const { server } = await serve();
    const answer = await request(server, { "content-type": "application/json" }, Buffer.from("{}"));
    expect(answer).toMatchObject({ ":status": 415 });
    expect(answer).not.toHaveProperty("grpc-status");
  });

  it.each([
    ["no message", [], "3"],
    ["half a message", [0, 0, 0, 0, 1], "3"],
    ["two messages", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "3"],
    ["a compressed message", [1, 0, 0, 0, 0], "12"],
  ])("is answered with a status: %s", async (_name, bytes, status) => {
    const { server } = await serve();
    const answer = await request(server, {}, Uint8Array.from(bytes));
    expect(answer).toMatchObject({ ":status": 200, "grpc-status": status });
  });

  it("is forgotten when the caller goes away before it has asked", async () => {
    const { server, client } = await serve();
    const socket = createConnection(pathOf(server));
    const session = connect("http://localhost", { createConnection: () => socket });
    const stream = session.request({ ":method": "POST", "content-type": "application/grpc" });
    stream.on("error", () => {});
    await new Promise((resolve) => session.ping(resolve));
    session.destroy();
    await client.first("FetchX509SVID");
    expect(server.calls.map(({ method }) => method)).toEqual(["FetchX509SVID"]);
  });
});
