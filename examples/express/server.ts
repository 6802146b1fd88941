import { allow, type WorkloadIdentity } from "@firsthand/core";
import { refusalHandler, workloadAuth } from "@firsthand/express";
import express, { type Express } from "express";

/** The orders service: checkout may call it and nobody else. */
export function createOrders(identity: WorkloadIdentity, origin: string): Express {
  const app = express();
  app.use(workloadAuth({ identity, origin, policy: allow("spiffe://shop.example/checkout") }));
  app.use(express.json());
  app.post("/orders", (request, response) => {
    response.status(201).json({ order: request.body, from: request.caller.id.toString() });
  });
  app.use(refusalHandler);
  return app;
}
