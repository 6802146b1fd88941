import type { WorkloadIdentity } from "@firsthand/core";
import { createFetch } from "@firsthand/node";

/** Places an order as the workload that this identity is of. */
export function placeOrder(identity: WorkloadIdentity, origin: string): Promise<Response> {
  const fetch = createFetch({
    identity,
    peers: { [origin]: "spiffe://shop.example/orders" },
  });
  return fetch(`${origin}/orders?gift=1`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ item: "tea", quantity: 1 }),
  });
}
