import type { RequestListener, Server } from "node:http";
import type { Caller } from "@firsthand/core";
import type { WorkloadAuthOptions } from "@firsthand/core/http";
import * as onExpress from "@firsthand/express";
import * as onFastify from "@firsthand/fastify";
import express from "express";
import fastify from "fastify";
import type { Welcome } from "./messages.js";

const path = "/whoami";

/** Serves one route that says who called, by the framework that was asked for. */
export async function createApp(
  framework: "express" | "fastify",
  server: Server,
  auth: WorkloadAuthOptions,
): Promise<void> {
  if (framework === "express") server.on("request", expressApp(auth));
  else await fastifyApp(server, auth);
}

function expressApp(auth: WorkloadAuthOptions): RequestListener {
  const app = express();
  app.use(onExpress.workloadAuth(auth));
  app.use(express.text());
  app.get(path, (request, response) => void response.json(welcome(request.caller, "")));
  app.post(path, (request, response) => {
    response.json(welcome(request.caller, String(request.body)));
  });
  app.use(onExpress.refusalHandler);
  return app;
}

async function fastifyApp(server: Server, auth: WorkloadAuthOptions): Promise<void> {
  const app = fastify({ serverFactory: (handler) => server.on("request", handler) });
  await app.register(onFastify.workloadAuth, auth);
  app.setErrorHandler(onFastify.refusalHandler);
  app.get(path, (request) => welcome(request.caller, ""));
  app.post(path, (request) => welcome(request.caller, String(request.body)));
  await app.ready();
}

function welcome({ id, credential, proof }: Caller, content: string): Welcome {
  return {
    caller: id.toString(),
    credential: credential.kind,
    proof: proof.format,
    thumbprint: credential.thumbprint,
    content,
  };
}
