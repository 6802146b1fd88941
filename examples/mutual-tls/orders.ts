import { allow, type Policy, type WorkloadIdentity } from "@firsthand/core";
import { refusalHandler, workloadAuth } from "@firsthand/express";
import express, { type Express } from "express";

const checkout = allow("spiffe://shop.example/checkout");

/** To read, the connection of a known workload is enough. To change anything takes a proof. */
const policy: Policy = async (caller, request) => {
  if (request.method !== "GET" && caller.proof.binding !== "full") return false;
  return checkout(caller, request);
};

/** The orders service, behind a server that speaks mutual TLS. */
export function createOrders(identity: WorkloadIdentity, origin: string): Express {
  const app = express();
  app.use(
    workloadAuth({
      identity,
      origin,
      policy,
      accept: ["svid-proof-1", "mutual-tls"],
      channel: "same-workload", // a proof that another workload passes on is refused
    }),
  );
  app.use(express.json());
  app.use("/orders", (request, response) => {
    const { id, proof } = request.caller;
    response.json({ from: id.toString(), by: proof.format, order: request.body });
  });
  app.use(refusalHandler);
  return app;
}
