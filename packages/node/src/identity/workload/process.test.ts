import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { createTrustDomain, serveWorkloadApi, type WorkloadApiServer } from "@firsthand/testing";
import { describe, expect, it, onTestFinished } from "vitest";

async function serve(address?: string): Promise<WorkloadApiServer> {
  const trustDomain = await createTrustDomain("td.example");
  const server = await serveWorkloadApi({ trustDomain, workloads: ["/wa-a"], address });
  onTestFinished(() => server.close());
  return server;
}

const module = new URL("./open-workload-identity.ts", import.meta.url).href;

/** Runs a program that opens an identity. */
function run(address: string, program: string) {
  const script = `import { openWorkloadIdentity } from ${JSON.stringify(module)};\n${program}`;
  const options = ["--conditions=@firsthand/source", "--import", "tsx", "--input-type=module"];
  const env = { ...process.env, SPIFFE_ENDPOINT_SOCKET: address };
  const child = spawn(process.execPath, [...options, "--eval", script], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill());
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const errors = text(child.stderr);
  return {
    line: async () => (await lines.next()).value as string | undefined,
    /** The exit code, and what went to standard error. */
    ended: async () => ({ code: await exitCodeOf(child), errors: await errors }),
  };
}

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null) await once(child, "exit");
  return child.exitCode;
}

const open = "const identity = await openWorkloadIdentity();";

describe("a process", () => {
  it("ends while its identity is idle", async () => {
    const { address } = await serve();
    const { line, ended } = run(address, `${open} console.log(identity.state.status);`);
    expect(await line()).toBe("ready");
    expect(await ended()).toEqual({ code: 0, errors: "" });
  });

  it("ends while its identity is looking for the Workload API", async () => {
    const server = await serve();
    const { line, ended } = run(
      server.address,
      `${open}
      const busy = setInterval(() => {}, 1000);
      identity.subscribe(({ status }) => status === "stale" && clearInterval(busy));
      console.log("open");`,
    );
    expect(await line()).toBe("open");
    await server.kill();
    expect(await ended()).toEqual({ code: 0, errors: "" });
  });

  it("stays while it opens its identity, until that can be had", async () => {
    const server = await serve();
    await server.kill();
    const { line, ended } = run(
      server.address,
      `console.log("opening"); ${open} console.log(identity.state.status);`,
    );
    expect(await line()).toBe("opening");
    await server.restart();
    expect(await line()).toBe("ready");
    expect(await ended()).toEqual({ code: 0, errors: "" });
  });

  it("stays while it opens its identity, until the time is over", async () => {
    const { ended } = run(
      "unix:///nonexistent/api.sock",
      "await openWorkloadIdentity({ timeoutMilliseconds: 300 });",
    );
    const { code, errors } = await ended();
    expect(code).toBe(1);
    expect(errors).toMatch(/CredentialError: nothing answers .+api\.sock \(ENOENT\), tried/);
  });

  it("stays while it waits for a JWT-SVID", async () => {
    const server = await serve();
    const end = server.fault({ kind: "delay", methods: ["FetchJWTSVID"] });
    const { line, ended } = run(
      server.address,
      `${open}
      console.log("open");
      const { svid } = await identity.jwtSvid({ audience: "orders" });
      console.log(svid.audience.join());`,
    );
    expect(await line()).toBe("open");
    while (server.openStreams("FetchJWTSVID") === 0) await new Promise(setImmediate);
    end();
    expect(await line()).toBe("orders");
    expect(await ended()).toEqual({ code: 0, errors: "" });
  });
});
