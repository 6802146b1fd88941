import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { json } from "node:stream/consumers";
import type { WorkloadAuthOptions } from "@firsthand/core/http";
import { requireCaller } from "@firsthand/core/http";
import * as expressAdapter from "@firsthand/express";
import * as fastifyAdapter from "@firsthand/fastify";
import express from "express";
import { fastify } from "fastify";
import { onTestFinished } from "vitest";

/** What a service does with the content of a request; what it needs besides is in the call context. */
export type Handler = (content: unknown) => Promise<unknown>;

/** Puts a handler behind an adapter; content is parsed by what is usual there. */
type Adapter = (server: Server, options: WorkloadAuthOptions, handler: Handler) => Promise<void>;

export const adapters = {
  "node:http": async (server, options, handler) => {
    server.on(
      "request",
      requireCaller(options, async (request, response) => {
        response.end(JSON.stringify(await handler(await json(request))));
      }),
    );
  },

  express: async (server, options, handler) => {
    const app = express();
    app.use(expressAdapter.workloadAuth(options));
    app.use(express.json());
    app.post("/", async (request, response) => {
      response.json(await handler(request.body));
    });
    app.use(expressAdapter.refusalHandler);
    server.on("request", app);
  },

  fastify: async (server, options, handler) => {
    const app = fastify({
      serverFactory: (listener) => {
        server.on("request", listener);
        return server as ReturnType<typeof createServer>;
      },
    });
    await app.register(fastifyAdapter.workloadAuth, options);
    app.setErrorHandler(fastifyAdapter.refusalHandler);
    app.post("/", (request) => handler(request.body));
    await app.ready();
  },
} as const satisfies Record<string, Adapter>;

export type AdapterName = keyof typeof adapters;

/** A service on a port of its own, until the test ends. */
export interface Service {
  readonly origin: string;
  /** Puts the handler to work; the origin has to be known before. */
  start(
    adapter: AdapterName,
    options: Omit<WorkloadAuthOptions, "origin">,
    handler: Handler,
  ): Promise<void>;
}

export async function openService(): Promise<Service> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    start: (adapter, options, handler) =>
      adapters[adapter](server, { ...options, origin }, handler),
  };
}

/** Sends content to a service, and expects an answer. */
export async function call(
  fetch: typeof globalThis.fetch,
  { origin }: Pick<Service, "origin">,
  content: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const response = await fetch(`${origin}/`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(content),
  });
  const answer = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${answer}`);
  return JSON.parse(answer);
}
