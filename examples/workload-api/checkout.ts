// Places one order, as whatever workload it is started as. The exit code is 0 when it was taken.
import { openWorkloadIdentity } from "@firsthand/node";

const origin = process.env["ORDERS"] ?? "https://orders.internal";
const identity = await openWorkloadIdentity({ expectedTrustDomain: "shop.example" });
const fetch = identity.fetch({ peers: { [origin]: "spiffe://shop.example/orders" } });

const response = await fetch(`${origin}/orders?gift=1`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ item: "tea", quantity: 1 }),
});
console.log(`${identity.state.ids[0]}: ${response.status} ${await response.text()}`);
process.exitCode = response.status === 201 ? 0 : 1;
await identity.close();
