import { getEventListeners } from "node:events";
import type { ServerHttp2Stream } from "node:http2";
import { createServer } from "node:net";
import { CredentialError, type CredentialErrorCode } from "@firsthand/core";
import { createTestClock } from "@firsthand/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  encode,
  encodeJwtBundlesResponse,
  encodeJwtSvidResponse,
  encodeWitBundlesResponse,
  encodeWitSvidResponse,
  encodeX509BundlesResponse,
} from "./encode-messages.test-support.js";
import {
  credentialErrorOf,
  firstOf,
  frame,
  iterate,
  listen,
  never,
  openClient,
  respond,
  respondOnly,
  startRawServer,
  until,
  x509Frame,
  x509State,
} from "./workload-api.test-support.js";
import { retryClassOf, type WorkloadApiClient } from "./workload-api-client.js";

const bundle = new Map([["spiffe://td.example", Uint8Array.of(1)]]);
const jwks = new Map([["spiffe://td.example", '{"keys":[]}']]);
const jwtSvids = { svids: [{ spiffeId: "spiffe://td.example/a", token: "a.b.c", hint: "" }] };
const witSvids = {
  svids: [{ spiffeId: "spiffe://td.example/a", token: "a.b.c", privateKey: "{}", hint: "x" }],
};
const jwtFrame = frame(encodeJwtSvidResponse(jwtSvids));
/** RFC 9113 §7. */
const cancel = 8;
const question = { audience: ["https://orders.internal"] };

interface Method {
  readonly name: string;
  readonly call: (client: WorkloadApiClient) => Promise<unknown>;
  readonly answer: Buffer;
  readonly response: unknown;
  readonly request?: Uint8Array;
}

const methods: readonly Method[] = [
  {
    name: "FetchX509SVID",
    call: (client) => firstOf(client.watchX509Svids(never)),
    answer: x509Frame,
    response: x509State,
  },
  {
    name: "FetchX509Bundles",
    call: (client) => firstOf(client.watchX509Bundles(never)),
    answer: frame(encodeX509BundlesResponse({ crl: [], bundles: bundle })),
    response: { crl: [], bundles: bundle },
  },
  {
    name: "FetchJWTBundles",
    call: (client) => firstOf(client.watchJwtBundles(never)),
    answer: frame(encodeJwtBundlesResponse({ bundles: bundle })),
    response: { bundles: bundle },
  },
  {
    name: "FetchWITSVID",
    call: (client) => firstOf(client.watchWitSvids(never)),
    answer: frame(encodeWitSvidResponse(witSvids)),
    response: witSvids,
  },
  {
    name: "FetchWITBundles",
    call: (client) => firstOf(client.watchWitBundles(never)),
    answer: frame(encodeWitBundlesResponse({ bundles: jwks })),
    response: { bundles: jwks },
  },
  {
    name: "FetchJWTSVID",
    call: (client) => client.fetchJwtSvids({ ...question, id: "spiffe://td.example/a" }, never),
    answer: jwtFrame,
    response: jwtSvids,
    request: encode([1, "https://orders.internal"], [2, "spiffe://td.example/a"]),
  },
];

describe.each(["unix", "tcp"] as const)("a call over %s", (kind) => {
  it.each(methods)(
    "$name asks and is answered",
    async ({ name, call, answer, response, request }) => {
      const server = await startRawServer((stream) => {
        respond(stream);
        stream.end(answer);
      }, kind);
      expect(await call(openClient(server.endpoint))).toEqual(response);
      expect(server.calls).toHaveLength(1);
      expect(server.calls[0]?.body).toEqual(frame(request ?? new Uint8Array()));
      const { endpoint } = server;
      expect(Object.fromEntries(Object.entries(server.calls[0]?.headers ?? {}))).toEqual({
        ":method": "POST",
        ":scheme": "http",
        ":authority":
          endpoint.kind === "unix"
            ? expect.stringMatching(/^localhost(:80)?$/)
            : `127.0.0.1:${endpoint.port}`,
        ":path": `/SpiffeWorkloadAPI/${name}`,
        te: "trailers",
        "content-type": "application/grpc",
        "user-agent": "firsthand-node",
        "workload.spiffe.io": "true",
      });
    },
  );
});

type Fault = (stream: ServerHttp2Stream) => void;

const withHeaders =
  (headers: Record<string, string | number>, body = ""): Fault =>
  (stream) => {
    stream.respond(headers);
    stream.end(body);
  };
const withStatus =
  (status: string): Fault =>
  (stream) =>
    respondOnly(stream, { "grpc-status": status, "grpc-message": "words of the peer" });
const withTrailers =
  (trailers: Record<string, string>, body: Uint8Array = new Uint8Array()): Fault =>
  (stream) => {
    respond(stream, trailers);
    stream.end(body);
  };
const withData =
  (data: Uint8Array): Fault =>
  (stream) => {
    respond(stream);
    stream.write(data);
  };
const withReset =
  (code: number): Fault =>
  (stream) => {
    respond(stream);
    stream.write(Uint8Array.of(0));
    stream.close(code);
  };

const faults: readonly (readonly [title: string, code: string, detail: string, fault: Fault])[] = [
  ["WA-012 InvalidArgument", "endpoint_refused", "INVALID_ARGUMENT", withStatus("3")],
  ["Unimplemented", "endpoint_unsupported", "UNIMPLEMENTED", withStatus("12")],
  ["FailedPrecondition", "endpoint_unsupported", "FAILED_PRECONDITION", withStatus("9")],
  ["PermissionDenied", "workload_unregistered", "PERMISSION_DENIED", withStatus("7")],
  ["Unavailable", "endpoint_unavailable", "UNAVAILABLE", withStatus("14")],
  ["ResourceExhausted", "endpoint_unavailable", "RESOURCE_EXHAUSTED", withStatus("8")],
  [
    "PermissionDenied in the trailers",
    "workload_unregistered",
    "PERMISSION_DENIED",
    withTrailers({ "grpc-status": "7" }),
  ],
  [
    "a status with HTTP 503",
    "endpoint_unavailable",
    "UNAVAILABLE",
    withHeaders({ ":status": 503, "content-type": "application/grpc", "grpc-status": "14" }),
  ],
  [
    "no status",
    "endpoint_unavailable",
    "the stream ended without a status",
    withHeaders({ ":status": 200, "content-type": "application/grpc" }),
  ],
  [
    "a status that is none",
    "response_malformed",
    "the gRPC status is unknown",
    withTrailers({ "grpc-status": "OK" }),
  ],
  [
    "HTTP 503 without a status",
    "response_malformed",
    "HTTP status 503",
    withHeaders({ ":status": 503, "content-type": "application/grpc" }),
  ],
  [
    "HTTP 404 in HTML",
    "response_malformed",
    "HTTP status 404",
    withHeaders({ ":status": 404, "content-type": "text/html" }, "not found"),
  ],
  [
    "HTML",
    "response_malformed",
    "it is not gRPC",
    withHeaders({ ":status": 200, "content-type": "text/html" }, "hello"),
  ],
  [
    "gRPC in JSON",
    "response_malformed",
    "it is not gRPC",
    withHeaders({ ":status": 200, "content-type": "application/grpc+json" }),
  ],
  [
    "gRPC for the web",
    "response_malformed",
    "it is not gRPC",
    withHeaders({ ":status": 200, "content-type": "application/grpc-web" }),
  ],
  [
    "no content type, and then nothing",
    "response_malformed",
    "it is not gRPC",
    (stream) => stream.respond({ ":status": 200 }),
  ],
  [
    "a compressed message",
    "response_malformed",
    "a message is compressed",
    withData(Uint8Array.of(1, 0, 0, 0, 0)),
  ],
  [
    "WA-026 a message of 64 MiB",
    "response_too_large",
    "a message of 67108864 bytes, the limit is 4194304",
    withData(Uint8Array.of(0, 4, 0, 0, 0)),
  ],
  [
    "a message of one byte over the limit",
    "response_too_large",
    "a message of 4194305 bytes, the limit is 4194304",
    withData(Uint8Array.of(0, 0, 0x40, 0, 1)),
  ],
  [
    "a message that is no protobuf",
    "response_malformed",
    "a field has an unknown wire type",
    withTrailers({}, frame(Uint8Array.of(0x0f))),
  ],
  [
    "half a message, and OK",
    "response_malformed",
    "a message is cut off",
    withTrailers({}, x509Frame.subarray(0, 20)),
  ],
  [
    "a reset with CANCEL",
    "endpoint_unavailable",
    "the stream ended without a status",
    withReset(8),
  ],
  [
    "a reset with NO_ERROR",
    "endpoint_unavailable",
    "the stream ended without a status",
    withReset(0),
  ],
  ["a reset with REFUSED_STREAM", "endpoint_unavailable", "ERR_HTTP2_STREAM_ERROR", withReset(7)],
  ["a reset with INTERNAL_ERROR", "endpoint_unavailable", "ERR_HTTP2_STREAM_ERROR", withReset(2)],
  [
    "GOAWAY with an error",
    "endpoint_unavailable",
    "ERR_HTTP2_SESSION_ERROR",
    (stream) => stream.session?.goaway(11),
  ],
  [
    "the end of the connection",
    "endpoint_unavailable",
    "the stream ended without a status",
    (stream) => stream.session?.destroy(),
  ],
  [
    "the end of the connection within a message",
    "endpoint_unavailable",
    "the stream ended without a status",
    (stream) => {
      withData(x509Frame.subarray(0, 20))(stream);
      setImmediate(() => stream.session?.destroy());
    },
  ],
];

describe("a watch", () => {
  it.each(faults)("fails with %s: %s", async (_, code, detail, fault) => {
    const server = await startRawServer(fault);
    const client = openClient(server.endpoint);
    const error = await credentialErrorOf(firstOf(client.watchX509Svids(never)));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(new RegExp(`: ${detail}$`));
    expect(error.message).not.toContain("words of the peer");
  });

  it("WA-025 refuses a bundle named __proto__", async () => {
    const message = encode([3, encode([1, "__proto__"], [2, "x"])]);
    const server = await startRawServer(withData(frame(message)));
    const client = openClient(server.endpoint);
    const error = await credentialErrorOf(firstOf(client.watchX509Svids(never)));
    expect(error.code).toBe("response_malformed");
    expect(await server.calls[0]?.reset).toBe(cancel);
  });

  it("gives every message, also several in one piece, and fails at a good end", async () => {
    const server = await startRawServer((stream) => {
      respond(stream);
      stream.write(Buffer.concat([x509Frame, frame(new Uint8Array()), x509Frame]));
      stream.end(x509Frame);
    });
    const watch = iterate(openClient(server.endpoint).watchX509Svids(never));
    const counts: unknown[] = [];
    for (let i = 0; i < 4; i++) counts.push((await watch.next()).value?.svids.length);
    expect(counts).toEqual([1, 0, 1, 1]);
    const error = await credentialErrorOf(watch.next());
    expect(error.code).toBe("endpoint_unavailable");
    expect(error.message).toMatch(/: it ended the stream$/);
    expect(await watch.next()).toEqual({ done: true, value: undefined });
  });

  it("puts a message together that comes byte by byte", async () => {
    const server = await startRawServer((stream) => {
      respond(stream);
      for (const byte of x509Frame) stream.write(Uint8Array.of(byte));
    });
    const client = openClient(server.endpoint);
    expect(await firstOf(client.watchX509Svids(never))).toEqual(x509State);
  });

  it("takes a message of the limit, and no more than the limit that was given", async () => {
    const message = encode([9, new Uint8Array(4 * 1024 * 1024 - 5)]);
    expect(message).toHaveLength(4 * 1024 * 1024);
    const server = await startRawServer(withData(frame(message)));
    const empty = { svids: [], crl: [], federatedBundles: new Map() };
    expect(await firstOf(openClient(server.endpoint).watchX509Svids(never))).toEqual(empty);
    const small = openClient(server.endpoint, { messageLimitBytes: message.length - 1 });
    const error = await credentialErrorOf(firstOf(small.watchX509Svids(never)));
    expect(error.code).toBe("response_too_large");
  });

  it("is cancelled when it is left", async () => {
    const server = await startRawServer(withData(x509Frame));
    const client = openClient(server.endpoint);
    await firstOf(client.watchX509Svids(never));
    expect(await server.calls[0]?.reset).toBe(cancel);
  });

  it("is cancelled when its signal aborts, and rejects with the reason", async () => {
    const server = await startRawServer(withData(x509Frame));
    const client = openClient(server.endpoint);
    const abort = new AbortController();
    const watch = iterate(client.watchX509Svids(abort.signal));
    await watch.next();
    const reason = new Error("enough");
    const next = watch.next();
    abort.abort(reason);
    await expect(next).rejects.toBe(reason);
    expect(await server.calls[0]?.reset).toBe(cancel);
    expect(getEventListeners(abort.signal, "abort")).toHaveLength(0);
  });

  it("gives nothing that it still holds once its signal has aborted", async () => {
    const server = await startRawServer(withData(Buffer.concat([x509Frame, x509Frame])));
    const abort = new AbortController();
    const watch = iterate(openClient(server.endpoint).watchX509Svids(abort.signal));
    await watch.next();
    abort.abort("enough");
    await expect(watch.next()).rejects.toBe("enough");
  });

  it("is cancelled by the abort also while nobody asks for the next message", async () => {
    const server = await startRawServer(withData(x509Frame));
    const clock = createTestClock();
    const abort = new AbortController();
    const client = openClient(server.endpoint, { clock });
    await iterate(client.watchX509Svids(abort.signal)).next();
    expect(clock.pendingDelays()).toHaveLength(1);
    abort.abort();
    expect(await server.calls[0]?.reset).toBe(cancel);
    await until(() => clock.pendingDelays().length === 0);
  });

  it("does not begin when its signal has aborted", async () => {
    const server = await startRawServer(withData(x509Frame));
    const client = openClient(server.endpoint);
    const watch = iterate(client.watchX509Svids(AbortSignal.abort("too late")));
    await expect(watch.next()).rejects.toBe("too late");
    expect(server.sessions).toHaveLength(0);
  });

  it("can be aborted while it connects", async () => {
    const server = await startRawServer(withData(x509Frame));
    const client = openClient(server.endpoint);
    const abort = new AbortController();
    const next = iterate(client.watchX509Svids(abort.signal)).next();
    abort.abort("enough");
    await expect(next).rejects.toBe("enough");
    expect(getEventListeners(abort.signal, "abort")).toHaveLength(0);
    expect(await firstOf(client.watchX509Svids(never))).toEqual(x509State);
    expect(server.sessions).toHaveLength(1);
    expect(server.calls).toHaveLength(1);
  });
});

describe("a question", () => {
  it.each(faults)("fails with %s: %s", async (_, code, detail, fault) => {
    const server = await startRawServer(fault);
    const client = openClient(server.endpoint);
    const error = await credentialErrorOf(client.fetchJwtSvids(question, never));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(new RegExp(`: ${detail}$`));
  });

  it.each<[title: string, detail: string, fault: Fault]>([
    ["no answer", "there is no answer", withTrailers({})],
    ["no answer but headers", "there is no answer", withStatus("0")],
    [
      "two answers",
      "there are two answers to one question",
      withData(Buffer.concat([jwtFrame, jwtFrame])),
    ],
  ])("refuses %s", async (_, detail, fault) => {
    const server = await startRawServer(fault);
    const error = await credentialErrorOf(
      openClient(server.endpoint).fetchJwtSvids(question, never),
    );
    expect(error.code).toBe("response_malformed");
    expect(error.message).toMatch(new RegExp(`: ${detail}$`));
  });

  it("fails when the status says so, though there is an answer", async () => {
    const server = await startRawServer(withTrailers({ "grpc-status": "14" }, jwtFrame));
    const error = await credentialErrorOf(
      openClient(server.endpoint).fetchJwtSvids(question, never),
    );
    expect(error.code).toBe("endpoint_unavailable");
  });

  it("can be aborted while it waits", async () => {
    const server = await startRawServer((stream) => respond(stream));
    const abort = new AbortController();
    const answer = openClient(server.endpoint).fetchJwtSvids(question, abort.signal);
    await until(() => server.calls.length === 1);
    abort.abort("enough");
    await expect(answer).rejects.toBe("enough");
    expect(await server.calls[0]?.reset).toBe(cancel);
    expect(getEventListeners(abort.signal, "abort")).toHaveLength(0);
  });

  it.each<[title: string, answer: Fault]>([
    ["answered", withTrailers({}, jwtFrame)],
    ["refused", withStatus("7")],
  ])("is never reset when it is %s, 2,000 times over one connection", async (_, answer) => {
    const server = await startRawServer(answer);
    const client = openClient(server.endpoint);
    for (let i = 0; i < 2000; i++)
      await client.fetchJwtSvids(question, never).catch(() => undefined);
    expect(server.sessions).toHaveLength(1);
    const resets = await Promise.all(server.calls.map(({ reset }) => reset));
    expect(resets).toEqual(Array(2000).fill(0));
  });
});

describe("the connection", () => {
  it("is not made before the first call, and is one for all", async () => {
    const server = await startRawServer((stream, { headers }) => {
      respond(stream);
      if (headers[":path"]?.endsWith("FetchJWTSVID")) stream.end(jwtFrame);
      else stream.write(frame(new Uint8Array()));
    });
    const client = openClient(server.endpoint);
    expect(server.sessions).toHaveLength(0);
    const warned = vi.fn();
    process.on("warning", warned);
    onTestFinished(() => void process.off("warning", warned));
    const abort = new AbortController();
    const watches = [client.watchX509Svids(abort.signal), client.watchJwtBundles(abort.signal)];
    const questions = Array.from({ length: 30 }, () =>
      client.fetchJwtSvids(question, abort.signal),
    );
    await Promise.all([...watches.map((watch) => iterate<unknown>(watch).next()), ...questions]);
    expect(server.sessions).toHaveLength(1);
    expect(server.calls).toHaveLength(32);
    await until(() => getEventListeners(abort.signal, "abort").length === 2);
    expect(warned).not.toHaveBeenCalled();
    abort.abort();
    await until(() => getEventListeners(abort.signal, "abort").length === 0);
  });

  it("is made anew when it is gone", async () => {
    const server = await startRawServer(withData(x509Frame));
    const client = openClient(server.endpoint);
    const watch = iterate(client.watchX509Svids(never));
    await watch.next();
    server.sessions[0]?.destroy();
    expect((await credentialErrorOf(watch.next())).code).toBe("endpoint_unavailable");
    const calls = [client.watchX509Svids(never), client.watchX509Svids(never)].map(firstOf);
    expect(await Promise.all(calls)).toEqual([x509State, x509State]);
    expect(server.sessions).toHaveLength(2);
  });

  it("takes no new call when the other end goes away, and finishes those that it has", async () => {
    const streams: ServerHttp2Stream[] = [];
    const server = await startRawServer((stream) => {
      streams.push(stream);
      withData(x509Frame)(stream);
    });
    const clock = createTestClock();
    const client = openClient(server.endpoint, { clock });
    const watch = iterate(client.watchX509Svids(never));
    await watch.next();
    server.sessions[0]?.goaway(0);
    clock.advance({ seconds: 20 }); // the ping comes back after the GOAWAY
    await until(() => clock.pendingDelays()[0] === 20_000);
    expect(await firstOf(client.watchX509Svids(never))).toEqual(x509State);
    expect(server.sessions).toHaveLength(2);
    streams[0]?.write(x509Frame);
    expect((await watch.next()).value).toEqual(x509State);
    streams[0]?.end();
    expect((await credentialErrorOf(watch.next())).code).toBe("endpoint_unavailable");
    await until(() => server.openSessions.size === 1);
  });

  it("is tried again after it could not be made", async () => {
    const server = await startRawServer(withData(x509Frame));
    await server.stop();
    const client = openClient(server.endpoint);
    for (let i = 0; i < 2; i++) {
      const error = await credentialErrorOf(firstOf(client.watchX509Svids(never)));
      expect(error.code).toBe("endpoint_unreachable");
    }
  });

  it("fails every call that waited for it", async () => {
    const client = openClient({ kind: "unix", path: "/nowhere/agent.sock" });
    const calls = [firstOf(client.watchX509Svids(never)), client.fetchJwtSvids(question, never)];
    const codes = await Promise.all(
      calls.map(async (call) => (await credentialErrorOf(call)).code),
    );
    expect(codes).toEqual(["endpoint_unreachable", "endpoint_unreachable"]);
  });

  it.each([
    ["answers in HTTP/1.1", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"],
    ["answers in another protocol", `220 ready\r\n${"x".repeat(200)}`],
  ])("fails when the other end %s", async (_, greeting) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.write(greeting);
    });
    const endpoint = await listen(server);
    onTestFinished(() => void server.close());
    const error = await credentialErrorOf(firstOf(openClient(endpoint).watchX509Svids(never)));
    expect(error.code).toBe("response_malformed");
    expect(error.message).toMatch(/: it is not HTTP\/2$/);
  });

  it("fails when the other end hangs up at once", async () => {
    const server = createServer((socket) => socket.destroy());
    const endpoint = await listen(server);
    onTestFinished(() => void server.close());
    const error = await credentialErrorOf(firstOf(openClient(endpoint).watchX509Svids(never)));
    expect(error.code).toBe("endpoint_unavailable");
  });
});

describe("createWorkloadApiClient", () => {
  it("refuses to check the owner of a tcp address, which has none", () => {
    const endpoint = { kind: "tcp", host: "127.0.0.1", port: 1 } as const;
    const socketTrust = { ownerUids: [0] };
    expect(() => openClient(endpoint, { socketTrust })).toThrow(
      expect.objectContaining({ code: "option_invalid", option: "socketTrust" }),
    );
  });

  it("WA-032 refuses an untrusted socket before it says a word", async () => {
    const server = await startRawServer(withData(x509Frame));
    const client = openClient(server.endpoint, { socketTrust: { ownerUids: [54_321] } });
    const error = await credentialErrorOf(firstOf(client.watchX509Svids(never)));
    expect(error.code).toBe("endpoint_untrusted");
    expect(server.sessions).toHaveLength(0);
  });
});

describe("retryClassOf", () => {
  it.each<[code: CredentialErrorCode, retryClass: string]>([
    ["endpoint_unreachable", "retry"],
    ["endpoint_forbidden", "retry"],
    ["endpoint_untrusted", "retry"],
    ["endpoint_unavailable", "retry"],
    ["endpoint_stalled", "retry"],
    ["workload_unregistered", "retry"],
    ["response_malformed", "retry"],
    ["response_too_large", "retry"],
    ["response_invalid", "retry"],
    ["endpoint_refused", "stop"],
    ["endpoint_unsupported", "stop"],
  ])("%s: %s", (code, retryClass) => {
    expect(retryClassOf(new CredentialError(code))).toBe(retryClass);
  });
});
