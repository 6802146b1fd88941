import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Caller } from "@firsthand/core";
import { requireCaller, type WorkloadAuthOptions } from "@firsthand/core/http";
import * as expressAdapter from "@firsthand/express";
import * as fastifyAdapter from "@firsthand/fastify";
import express from "express";
import { fastify } from "fastify";

/** What the protected handler of every adapter answers: whom it served, and what it read. */
export interface Served {
  readonly caller: string;
  /** base64url */
  readonly content: string;
}

/** Starts a server whose only handler is behind an adapter, and says so when it runs. */
export type Adapter = (options: WorkloadAuthOptions, reached?: () => void) => Promise<Server>;

export const adapters: Readonly<Record<string, Adapter>> = {
  "node:http": async (options, reached = ignore) => {
    const listener = requireCaller(
      options,
      async (request: IncomingMessage, response, caller: Caller) => {
        reached();
        response.end(JSON.stringify(served(caller, await buffer(request))));
      },
    );
    const server = createServer((request, response) => {
      listener(request, response).catch(() => response.writeHead(500).end("{}"));
    });
    return listening(server);
  },

  express: async (options, reached = ignore) => {
    const app = express();
    app.use(expressAdapter.workloadAuth(options));
    app.use(async (request, response) => {
      reached();
      response.json(served(request.caller, await buffer(request)));
    });
    app.use(expressAdapter.refusalHandler);
    return listening(createServer(app));
  },

  fastify: async (options, reached = ignore) => {
    const app = fastify();
    await app.register(fastifyAdapter.workloadAuth, options);
    app.setErrorHandler(fastifyAdapter.refusalHandler);
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    app.all("*", async (request) => {
      reached();
      return served(request.caller, await buffer(request.raw));
    });
    await app.ready();
    return listening(app.server);
  },
};

function ignore(): void {}

function served({ id }: Caller, content: Buffer): Served {
  return { caller: String(id), content: content.toString("base64url") };
}

export async function listening(server: Server): Promise<Server> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
