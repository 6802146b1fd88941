import { createProver, type WorkloadIdentity } from "@firsthand/core";
import type { RequestData } from "@firsthand/testing";
import { withField } from "../network/wire.js";

/** What the intruder wants. */
export const ownOrder: RequestData = {
  method: "POST",
  target: "/orders?deliver-to=intruder",
  headers: [["Content-Type", "application/json"]],
  body: Buffer.from('{"item":"tea","quantity":99}'),
};

export function orderWithBearer(token: string): RequestData {
  return withField(ownOrder, "Authorization", `Bearer ${token}`);
}

/** What the SDK sends for whoever has this identity. */
export async function orderProvedBy(identity: WorkloadIdentity): Promise<RequestData> {
  const origin = "http://orders.localhost";
  const prover = createProver({ identity, peers: { [origin]: "spiffe://shop.example/orders" } });
  const { method, target, headers, body } = ownOrder;
  const proof = await prover.prove({
    method,
    url: new URL(target, origin),
    headers,
    content: body,
  });
  return { ...ownOrder, headers: [...headers, ...proof.headers] };
}
