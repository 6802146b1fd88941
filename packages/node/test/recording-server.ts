import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createSecureServer } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { onTestFinished } from "vitest";

/** A request as it came over the wire. */
export interface RecordedRequest {
  readonly method: string;
  /** The request target, nothing decoded. */
  readonly target: string;
  /** In the order received, repetitions included. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly httpVersion: string;
}

export interface RecordingServer {
  readonly origin: string;
  readonly requests: readonly RecordedRequest[];
}

interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface RecordingServerOptions {
  /** TLS for `localhost`, with HTTP/2 offered; otherwise plain HTTP on 127.0.0.1. */
  readonly tls?: ServerCertificate | undefined;
  readonly http2?: boolean | undefined;
  /** Called when all of a request has arrived. Default: 200 without content. */
  readonly answer?: (response: ServerResponse, request: RecordedRequest) => void;
}

/** A real server that keeps what it receives, until the test ends. */
export async function startServer(options: RecordingServerOptions = {}): Promise<RecordingServer> {
  const { tls, http2, answer = (response) => response.end() } = options;
  const requests: RecordedRequest[] = [];
  const listener = async (incoming: IncomingMessage, response: ServerResponse) => {
    const request = await record(incoming);
    requests.push(request);
    answer(response, request);
  };
  const server = create(listener, tls, http2);
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    requests,
  };
}

type Listener = (incoming: IncomingMessage, response: ServerResponse) => unknown;

function create(listener: Listener, tls: ServerCertificate | undefined, http2 = false): Server {
  if (tls === undefined) return createServer(listener);
  if (!http2) return createTlsServer(tls, listener);
  return createSecureServer(tls, listener as unknown as Parameters<typeof createSecureServer>[1]);
}

async function record(incoming: IncomingMessage): Promise<RecordedRequest> {
  const { method = "", url = "", rawHeaders, httpVersion } = incoming;
  const headers = rawHeaders.flatMap((name, at) =>
    at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? ""] as const] : [],
  );
  const body = Buffer.concat(await incoming.toArray());
  return { method, target: url, headers, body, httpVersion };
}

/** The only value of a header; fails the test when there is none or another one. */
export function header(request: RecordedRequest | undefined, name: string): string {
  const values = headerValues(request, name);
  if (values.length !== 1) throw new Error(`${values.length} values of ${name}`);
  return values[0] ?? "";
}

export function headerValues(request: RecordedRequest | undefined, name: string): string[] {
  const fields = request?.headers ?? [];
  return fields.flatMap(([field, value]) =>
    field.toLowerCase() === name.toLowerCase() ? [value] : [],
  );
}
