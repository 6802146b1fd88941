import type { RequestListener } from "node:http";
import { json } from "node:stream/consumers";
import { allow, type WorkloadIdentity } from "@firsthand/core";
import { requireCaller } from "@firsthand/core/http";

/** The orders service: takes signed messages only, for the tenant that the caller signed. */
export function createOrders(identity: WorkloadIdentity, origin: string): RequestListener {
  const auth = {
    identity,
    origin,
    policy: allow("spiffe://shop.example/checkout"),
    requiredHeaders: ["x-tenant"],
    signedResponses: { identity },
  };

  return requireCaller(auth, async (request, response, { id, verifiedHeaders }) => {
    const order = await json(request);
    response.writeHead(201, { "content-type": "application/json" });
    response.end(JSON.stringify({ order, from: id, tenant: verifiedHeaders?.["x-tenant"] }));
  });
}
