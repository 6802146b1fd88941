import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Server } from "node:net";
import { Readable } from "node:stream";
import { type Caller, Refusal } from "@firsthand/core";
import { requireCaller, type WorkloadAuthOptions } from "@firsthand/core/http";
import * as expressAdapter from "@firsthand/express";
import * as fastifyAdapter from "@firsthand/fastify";
import express from "express";
import { fastify } from "fastify";
import { listening } from "./adapters.js";

/** How much `/big` answers. */
export const bigBytes = 2 * 1024 * 1024;

/** Services that answer in every way that matters to a signature, each the way its users do. */
export const answeringServices: Readonly<
  Record<string, (options: WorkloadAuthOptions) => Promise<Server>>
> = {
  "node:http": async (options) => {
    const listener = requireCaller(
      options,
      (request: IncomingMessage, response: ServerResponse, { id }: Caller) => {
        const [path] = (request.url ?? "").split("?");
        if (path === "/flushed") {
          response.flushHeaders();
          response.end("too late");
        } else if (path === "/stream") {
          Readable.from(["in ", "two pieces"]).pipe(response);
        } else if (path === "/big") response.end(new Uint8Array(bigBytes));
        else if (path === "/empty") response.writeHead(204).end();
        else if (path === "/missing") response.writeHead(404, "Nope").end("nothing here");
        else if (path === "/latin1") response.end("h\u00e9", "latin1");
        else {
          response.writeHead(201, { "content-type": "application/json", "x-tenant": "blue" });
          response.end(JSON.stringify({ caller: String(id) }));
        }
      },
    );
    return listening(createServer(listener));
  },

  express: async (options) => {
    const app = express();
    app.use(expressAdapter.workloadAuth(options));
    app.get("/flushed", (_request, response) => {
      response.flushHeaders();
      response.end("too late");
    });
    app.get("/stream", (_request, response) => {
      Readable.from(["in ", "two pieces"]).pipe(response);
    });
    app.get("/big", (_request, response) => void response.send(Buffer.alloc(bigBytes)));
    app.get("/empty", (_request, response) => void response.status(204).end());
    app.get("/missing", (_request, response) => void response.status(404).send("nothing here"));
    app.get("/latin1", (_request, response) => void response.end("h\u00e9", "latin1"));
    app.use((request, response) => {
      response
        .status(201)
        .set("x-tenant", "blue")
        .json({ caller: String(request.caller.id) });
    });
    app.use(expressAdapter.refusalHandler);
    return listening(createServer(app));
  },

  fastify: async (options) => {
    const app = fastify();
    await app.register(fastifyAdapter.workloadAuth, options);
    app.setErrorHandler((error, request, reply) => {
      if (error instanceof Refusal) fastifyAdapter.refusalHandler(error, request, reply);
      else throw error;
    });
    app.get("/flushed", (_request, reply) => {
      reply.hijack();
      reply.raw.flushHeaders();
      reply.raw.end("too late");
    });
    app.get("/stream", (_request, reply) => reply.send(Readable.from(["in ", "two pieces"])));
    app.get("/big", async () => Buffer.alloc(bigBytes));
    app.get("/empty", (_request, reply) => reply.code(204).send());
    app.get("/missing", (_request, reply) => reply.code(404).send("nothing here"));
    app.get("/latin1", (_request, reply) => {
      reply.hijack();
      reply.raw.end("h\u00e9", "latin1");
    });
    app.all("/*", async (request, reply) => {
      reply.code(201).header("x-tenant", "blue");
      return { caller: String(request.caller.id) };
    });
    await app.ready();
    return listening(app.server);
  },
};
