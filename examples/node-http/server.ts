import type { RequestListener } from "node:http";
import { json } from "node:stream/consumers";
import { allow, type WorkloadIdentity } from "@firsthand/core";
import { requireCaller } from "@firsthand/core/http";

/** The orders service: checkout may call it and nobody else. */
export function createOrders(identity: WorkloadIdentity, origin: string): RequestListener {
  const auth = { identity, origin, policy: allow("spiffe://shop.example/checkout") };

  return requireCaller(auth, async (request, response, caller) => {
    const order = await json(request);
    response.writeHead(201, { "content-type": "application/json" });
    response.end(JSON.stringify({ order, from: caller.id.toString() }));
  });
}
