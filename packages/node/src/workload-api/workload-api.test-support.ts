import { mkdtemp, rm } from "node:fs/promises";
import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { type CredentialError, systemClock } from "@firsthand/core";
import { expect, onTestFinished } from "vitest";
import { encodeX509SvidResponse } from "./encode-messages.test-support.js";
import type { Endpoint } from "./endpoint.js";
import type { X509SvidResponse } from "./messages.js";
import { createWorkloadApiClient, type WorkloadApiClientOptions } from "./workload-api-client.js";

export const never = new AbortController().signal;

/** A directory of its own, until the test ends. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "workload-api-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Waits until something is so, without waiting for time. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

export async function listen(server: Server, kind: Endpoint["kind"] = "unix"): Promise<Endpoint> {
  const path = join(await temporaryDirectory(), "agent.sock");
  await new Promise<void>((resolve) => {
    if (kind === "unix") server.listen(path, resolve);
    else server.listen(0, "127.0.0.1", resolve);
  });
  if (kind === "unix") return { kind, path };
  return { kind, host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

export interface RawCall {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The code with which the client reset the stream, or 0. */
  readonly reset: Promise<number>;
}

export interface RawServer {
  readonly endpoint: Endpoint;
  readonly calls: readonly RawCall[];
  /** Every session that there was. */
  readonly sessions: readonly ServerHttp2Session[];
  readonly openSessions: ReadonlySet<ServerHttp2Session>;
  stop(): Promise<void>;
}

/** An HTTP/2 server that answers as the test says, until the test ends. */
export async function startRawServer(
  answer: (stream: ServerHttp2Stream, call: RawCall) => void | Promise<void>,
  kind?: Endpoint["kind"],
): Promise<RawServer> {
  const calls: RawCall[] = [];
  const sessions: ServerHttp2Session[] = [];
  const openSessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => {
    sessions.push(session);
    openSessions.add(session);
    session.once("close", () => openSessions.delete(session));
  });
  server.on("sessionError", () => undefined);
  server.on("stream", async (stream, headers) => {
    stream.on("error", () => undefined);
    const reset = new Promise<number>((resolve) => {
      stream.once("close", () => resolve(stream.rstCode));
    });
    const body = await buffer(stream).catch(() => Buffer.alloc(0));
    const call = { headers, body, reset };
    calls.push(call);
    await answer(stream, call);
  });
  const endpoint = await listen(server, kind);
  async function stop(): Promise<void> {
    for (const session of openSessions) session.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
  onTestFinished(stop);
  return { endpoint, calls, sessions, openSessions, stop };
}

export function frame(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Sends the headers of a response; `end` sends the status after what was written. */
export function respond(stream: ServerHttp2Stream, trailers: Record<string, string> = {}): void {
  const headers = { ":status": 200, "content-type": "application/grpc" };
  stream.respond(headers, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", ...trailers }));
}

/** A response that consists of its headers. */
export function respondOnly(stream: ServerHttp2Stream, headers: Record<string, string>): void {
  stream.respond(
    { ":status": 200, "content-type": "application/grpc", ...headers },
    { endStream: true },
  );
}

export const x509State: X509SvidResponse = {
  svids: [
    {
      spiffeId: "spiffe://td.example/a",
      certificates: Uint8Array.of(1, 2, 3),
      key: Uint8Array.of(4, 5),
      bundle: Uint8Array.of(6),
      hint: "internal",
    },
  ],
  crl: [],
  federatedBundles: new Map([["spiffe://other.example", Uint8Array.of(7)]]),
};

export const x509Frame = frame(encodeX509SvidResponse(x509State));

/** A client until the test ends. */
export function openClient(endpoint: Endpoint, options: Partial<WorkloadApiClientOptions> = {}) {
  const client = createWorkloadApiClient({ endpoint, clock: systemClock, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** The iterator of a watch. */
export function iterate<T>(watch: AsyncIterable<T>): AsyncIterator<T> {
  return watch[Symbol.asyncIterator]();
}

/** What comes first, when it is a message. */
export async function firstOf<T>(watch: AsyncIterable<T>): Promise<T> {
  for await (const message of watch) return message;
  return expect.fail("the watch ended");
}

/** The error of our own that a promise rejects with. */
export async function credentialErrorOf(promise: Promise<unknown>): Promise<CredentialError> {
  const error = await promise.then(
    () => expect.fail("it did not fail"),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: "CredentialError" });
  return error as CredentialError;
}
