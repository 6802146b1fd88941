import {
  type Caller,
  invalidOption,
  Refusal,
  runInCallContext,
  type VerifyOptions,
} from "@firsthand/core";
import { callerOf, createMessageVerifier, type WorkloadAuthOptions } from "@firsthand/core/http";
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from "fastify";
import fp from "fastify-plugin";

declare module "fastify" {
  interface FastifyRequest {
    /**
     * Who makes the request, set by `workloadAuth`.
     *
     * @throws {ConfigurationError} `caller_unverified` when the request was refused or not verified
     */
    readonly caller: Caller;
  }
  interface FastifyContextConfig {
    /** How `workloadAuth` treats this route. */
    workloadAuth?: VerifyOptions;
  }
}

/**
 * Plugin that lets verified callers through, to every route of the instance it is registered in and
 * of those inside it, and to its 404 handler. It runs before any content is parsed, and hooks and
 * handlers after it run in the caller's call context.
 *
 * With `policy: "per-route"`, each route has its own in `config.workloadAuth.policy`; the application
 * does not get ready while one has none. Beside a policy for all, that of a route can only narrow.
 *
 * A refusal goes to the error handling of the application, as a `Refusal` with status and headers.
 *
 * @throws {ConfigurationError} naming the option that is wrong, when the application gets ready
 */
export const workloadAuth: FastifyPluginAsync<WorkloadAuthOptions> = fp(addWorkloadAuth, {
  fastify: "5.x",
  name: "@firsthand/fastify",
});

const decorated = Symbol("workloadAuth");

async function addWorkloadAuth(
  fastify: FastifyInstance,
  options: WorkloadAuthOptions,
): Promise<void> {
  const verifyMessage = createMessageVerifier(options);
  if (!fastify.hasDecorator(decorated)) {
    fastify.decorate(decorated, true);
    fastify.decorateRequest("caller", { getter: verifiedCaller });
  }
  if (options.policy === "per-route") refuseUncoveredRoutes(fastify);
  // With a callback, because only what the callback leads to is in the context.
  fastify.addHook("onRequest", function workloadAuth(request, reply, done) {
    const { method, originalUrl: target } = request;
    const { config } = request.routeOptions;
    verifyMessage(request.raw, reply.raw, { method, target }, config?.workloadAuth).then(
      (caller) => runInCallContext(caller, done),
      done,
    );
  });
}

/** With `policy: "per-route"`, an application with a route that no policy covers does not start. */
function refuseUncoveredRoutes(fastify: FastifyInstance): void {
  const uncovered: string[] = [];
  fastify.addHook("onRoute", ({ method, url, config }) => {
    if (config?.workloadAuth?.policy === undefined) uncovered.push(`${method} ${url}`);
  });
  fastify.addHook("onReady", async () => {
    if (uncovered.length === 0) return;
    const problem = `no policy covers ${uncovered.join(", ")}; give config.workloadAuth.policy`;
    throw invalidOption("workloadAuth", "policy", problem);
  });
}

function verifiedCaller(this: FastifyRequest): Caller {
  return callerOf(this.raw);
}

/** What is used of a reply, over HTTP/1 and HTTP/2 alike. */
interface Reply {
  code(status: number): unknown;
  headers(values: Readonly<Record<string, string>>): unknown;
  type(contentType: string): unknown;
  send(payload: string): unknown;
}

/**
 * Error handler that answers refusals with a problem document (RFC 9457) and leaves the rest to the
 * error handler around it: `app.setErrorHandler(refusalHandler)`.
 */
export function refusalHandler(error: unknown, _request: unknown, reply: Reply): void {
  if (!(error instanceof Refusal)) throw error;
  reply.code(error.status);
  reply.headers(error.headers);
  reply.type("application/problem+json");
  reply.send(JSON.stringify(error.problem));
}
