import { allow } from "@firsthand/core";
import { refusalHandler, workloadAuth } from "@firsthand/express";
import { createFetch, diagnosticsObserver } from "@firsthand/node";
import express, { type RequestHandler } from "express";
import { takePart } from "../process/child.js";
import { joinShop } from "../process/join-shop.js";
import { namedFetch } from "../process/named-fetch.js";
import { postJson } from "./post-json.js";

const identity = await joinShop();

// Checkout holds an X.509-SVID and a WIT-SVID. So that the demo shows both, each peer takes one.
const fetch = createFetch({
  identity,
  peers: {
    "http://orders.localhost": { id: "spiffe://shop.example/orders", accept: ["svid-proof-1"] },
    "http://dropship.localhost": { id: "spiffe://shop.example/dropship", accept: ["wpt-02"] },
  },
  fetch: namedFetch,
});

const app = express();
app.use(
  workloadAuth({
    identity,
    origin: "http://checkout.localhost",
    policy: allow("spiffe://shop.example/storefront"),
    observer: diagnosticsObserver(),
  }),
);
app.use(express.json());
app.post("/checkout", orderFrom("http://orders.localhost"));
app.post("/dropship", orderFrom("http://dropship.localhost"));
app.use(refusalHandler);

function orderFrom(supplier: string): RequestHandler {
  return async (request, response) => {
    const next = await postJson(fetch, `${supplier}/orders?deliver-to=home`, request.body);
    const status = next.status === 201 ? 201 : 502;
    response.status(status).json({ caller: request.caller.id.toString(), next });
  };
}

await takePart(app.listen(0, "127.0.0.1"));
