import { join } from "node:path";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceDefinition,
  status,
} from "@grpc/grpc-js";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  encode,
  encodeX509BundlesResponse,
  encodeX509SvidResponse,
} from "./encode-messages.test-support.js";
import type { Endpoint } from "./endpoint.js";
import {
  credentialErrorOf,
  firstOf,
  iterate,
  never,
  openClient,
  temporaryDirectory,
  x509State,
} from "./workload-api.test-support.js";

const raw = (bytes: Buffer) => bytes;

function method(name: string, responseStream: boolean) {
  return {
    path: `/SpiffeWorkloadAPI/${name}`,
    requestStream: false,
    responseStream,
    requestSerialize: raw,
    requestDeserialize: raw,
    responseSerialize: raw,
    responseDeserialize: raw,
  };
}

const service: ServiceDefinition = {
  FetchX509SVID: method("FetchX509SVID", true),
  FetchX509Bundles: method("FetchX509Bundles", true),
  FetchJWTSVID: method("FetchJWTSVID", false),
};

interface Handlers {
  readonly FetchX509SVID?: handleServerStreamingCall<Buffer, Buffer>;
  readonly FetchX509Bundles?: handleServerStreamingCall<Buffer, Buffer>;
  readonly FetchJWTSVID?: handleUnaryCall<Buffer, Buffer>;
}

/** A server that shares no code with the client, until the test ends. */
async function startServer(kind: Endpoint["kind"], handlers: Handlers) {
  const server = new Server();
  server.addService(service, { ...handlers });
  const path = join(await temporaryDirectory(), "agent.sock");
  const address = kind === "unix" ? `unix:${path}` : "127.0.0.1:0";
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  onTestFinished(() => server.forceShutdown());
  const endpoint: Endpoint = kind === "unix" ? { kind, path } : { kind, host: "127.0.0.1", port };
  return { server, client: openClient(endpoint) };
}

/** The audience of a request comes back as its token. */
const echo: handleUnaryCall<Buffer, Buffer> = ({ request }, reply) => {
  const audience = request.subarray(2).toString();
  reply(null, Buffer.from(encode([1, encode([1, "spiffe://td.example/a"], [2, audience])])));
};

const state = Buffer.from(encodeX509SvidResponse(x509State));

describe.each(["unix", "tcp"] as const)("a server of grpc-js over %s", (kind) => {
  it("pushes states to a watch", async () => {
    const calls: ServerWritableStream<Buffer, Buffer>[] = [];
    const { client } = await startServer(kind, {
      FetchX509SVID(call) {
        calls.push(call);
        call.write(state);
      },
    });
    const watch = iterate(client.watchX509Svids(never));
    expect((await watch.next()).value).toEqual(x509State);
    expect(calls[0]?.metadata.get("workload.spiffe.io")).toEqual(["true"]);
    expect(calls[0]?.request).toHaveLength(0);
    calls[0]?.write(Buffer.alloc(0));
    expect((await watch.next()).value?.svids).toEqual([]);
    calls[0]?.end();
    expect((await credentialErrorOf(watch.next())).code).toBe("endpoint_unavailable");
  });

  it("sees that a watch is cancelled", async () => {
    const cancelled = new Promise((resolve) => {
      void startServer(kind, {
        FetchX509SVID(call) {
          call.on("cancelled", resolve);
          call.write(state);
        },
      }).then(({ client }) => firstOf(client.watchX509Svids(never)));
    });
    await cancelled;
  });

  it("delivers nearly 4 MiB", async () => {
    const bundles = new Map([["spiffe://td.example", new Uint8Array(4_000_000).fill(7)]]);
    const { client } = await startServer(kind, {
      FetchX509Bundles(call) {
        call.write(Buffer.from(encodeX509BundlesResponse({ crl: [], bundles })));
      },
    });
    const { bundles: read } = await firstOf(client.watchX509Bundles(never));
    const bundle = Buffer.from(read.get("spiffe://td.example") ?? []);
    expect(bundle.equals(Buffer.alloc(4_000_000, 7))).toBe(true); // toEqual takes seconds
  });

  it("answers 2,000 questions, one after another and many at once", async () => {
    const { client } = await startServer(kind, { FetchJWTSVID: echo });
    const ask = async (audience: string) => {
      const { svids } = await client.fetchJwtSvids({ audience: [audience] }, never);
      expect(svids).toEqual([{ spiffeId: "spiffe://td.example/a", token: audience, hint: "" }]);
    };
    for (let i = 0; i < 1000; i++) await ask(`one ${i}`);
    await Promise.all(Array.from({ length: 1000 }, (_, i) => ask(`many ${i}`)));
  });

  it.each([
    [status.INVALID_ARGUMENT, "endpoint_refused"],
    [status.PERMISSION_DENIED, "workload_unregistered"],
    [status.UNAVAILABLE, "endpoint_unavailable"],
  ])("ends a call with status %d: %s", async (code, expected) => {
    const problem = { code, details: "no identity issued: é\n", metadata: new Metadata() };
    const { client } = await startServer(kind, {
      FetchX509SVID: (call) => call.emit("error", problem),
      FetchX509Bundles(call) {
        call.write(Buffer.alloc(0));
        call.emit("error", problem);
      },
      FetchJWTSVID: (_, reply) => reply(problem),
    });
    const watch = iterate(client.watchX509Bundles(never));
    await watch.next();
    const ends = [
      firstOf(client.watchX509Svids(never)),
      watch.next(),
      client.fetchJwtSvids({ audience: ["a"] }, never),
    ];
    for (const error of await Promise.all(ends.map(credentialErrorOf))) {
      expect(error.code).toBe(expected);
      expect(error.message).not.toContain("no identity issued");
      expect(error.cause).toMatchObject({ message: "no identity issued: ?" });
    }
  });

  it("does not know a method: endpoint_unsupported", async () => {
    const { client } = await startServer(kind, { FetchJWTSVID: echo });
    const error = await credentialErrorOf(firstOf(client.watchWitSvids(never)));
    expect(error.code).toBe("endpoint_unsupported");
  });

  it("is shut down: endpoint_unavailable", async () => {
    const { client, server } = await startServer(kind, {
      FetchX509SVID: (call) => call.write(state),
    });
    const watch = iterate(client.watchX509Svids(never));
    await watch.next();
    server.forceShutdown();
    expect((await credentialErrorOf(watch.next())).code).toBe("endpoint_unavailable");
    expect((await credentialErrorOf(firstOf(client.watchX509Svids(never)))).code).toBe(
      "endpoint_unreachable",
    );
  });
});
