import { once } from "node:events";
import { createServer } from "node:http";
import { createFetch } from "@firsthand/node";
import { createTrustDomain } from "@firsthand/testing";

// A trust domain in this process stands in for SPIRE, and a plain server for the orders service.
const domain = await createTrustDomain("shop.example");
const identity = await domain.identity("/checkout");
const server = createServer((request, response) => response.end(request.headers["svid-proof"]));
await once(server.listen(0, "127.0.0.1"), "listening");
const address = server.address();
const origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;

const fetch = createFetch({ identity, peers: { [origin]: "spiffe://shop.example/orders" } });
const response = await fetch(`${origin}/orders?dry=1`, {
  method: "POST",
  body: JSON.stringify({ sku: 7 }),
});

export const proof = await response.text();
server.close();
