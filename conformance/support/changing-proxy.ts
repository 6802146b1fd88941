import { createServer, request as send } from "node:http";
import type { Server } from "node:net";
import { buffer } from "node:stream/consumers";
import { listening, portOf } from "./adapters.js";

/** An answer on its way through the proxy. */
export interface PassedAnswer {
  status: number;
  /** Names and values in turn. */
  rawHeaders: string[];
  body: Buffer;
}

export interface ChangingProxy {
  readonly origin: string;
  readonly server: Server;
  /** Where requests go. */
  target: number;
  /** What is done to the next answers. */
  change: (answer: PassedAnswer) => void | Promise<void>;
}

/** A proxy that reads what it forwards, as one that ends TLS does, and may change what comes back. */
export async function openChangingProxy(): Promise<ChangingProxy> {
  const server = await listening(
    createServer(async (incoming, outgoing) => {
      const body = await buffer(incoming);
      const { method, url: path, rawHeaders: headers } = incoming;
      const onward = send({ port: proxy.target, host: "127.0.0.1", method, path, headers });
      onward.on("error", () => outgoing.destroy());
      onward.on("response", async (response) => {
        const { statusCode = 0, rawHeaders } = response;
        const answer = { status: statusCode, rawHeaders, body: await buffer(response) };
        await proxy.change(answer);
        const length = answer.rawHeaders.findIndex((name) => /^content-length$/i.test(name));
        if (length >= 0 && method !== "HEAD") {
          answer.rawHeaders[length + 1] = String(answer.body.length);
        }
        outgoing.writeHead(answer.status, answer.rawHeaders).end(answer.body);
      });
      onward.end(body);
    }),
  );
  const proxy: ChangingProxy = {
    origin: `http://127.0.0.1:${portOf(server)}`,
    server,
    target: 0,
    change: () => undefined,
  };
  return proxy;
}

/** Gives a field of an answer another value. */
export function setField({ rawHeaders }: PassedAnswer, name: string, value: string): void {
  const index = rawHeaders.findIndex((field, at) => at % 2 === 0 && field.toLowerCase() === name);
  if (index < 0) rawHeaders.push(name, value);
  else rawHeaders[index + 1] = value;
}

/** Takes a field out of an answer. */
export function dropField({ rawHeaders }: PassedAnswer, name: string): void {
  const index = rawHeaders.findIndex((field, at) => at % 2 === 0 && field.toLowerCase() === name);
  if (index >= 0) rawHeaders.splice(index, 2);
}
