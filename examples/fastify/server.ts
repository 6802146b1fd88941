import { allow, type WorkloadIdentity } from "@firsthand/core";
import { refusalHandler, workloadAuth } from "@firsthand/fastify";
import Fastify, { type FastifyInstance } from "fastify";

/** The orders service: checkout may call it and nobody else. */
export async function createOrders(
  identity: WorkloadIdentity,
  origin: string,
): Promise<FastifyInstance> {
  const app = Fastify();
  app.setErrorHandler(refusalHandler);
  await app.register(workloadAuth, {
    identity,
    origin,
    policy: allow("spiffe://shop.example/checkout"),
  });
  app.post("/orders", (request, reply) =>
    reply.code(201).send({ order: request.body, from: request.caller.id.toString() }),
  );
  return app;
}
