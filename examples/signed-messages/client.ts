import type { WorkloadIdentity } from "@firsthand/core";
import { createFetch } from "@firsthand/node";

/** Places an order for a tenant, and takes nothing but the signed answer of orders. */
export function placeOrder(identity: WorkloadIdentity, origin: string): Promise<Response> {
  const fetch = createFetch({
    identity,
    peers: {
      [origin]: {
        id: "spiffe://shop.example/orders",
        boundHeaders: ["x-tenant"],
        signedResponse: "required",
      },
    },
  });
  return fetch(`${origin}/orders`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-tenant": "blue" },
    body: JSON.stringify({ item: "tea", quantity: 1 }),
  });
}
