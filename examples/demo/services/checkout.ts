import { allow, ProofError } from "@firsthand/core";
import { refusalHandler, workloadAuth } from "@firsthand/express";
import { createFetch, diagnosticsObserver } from "@firsthand/node";
import express, { type Request, type RequestHandler, type Response } from "express";
import { takePart } from "../process/child.js";
import { joinShop } from "../process/join-shop.js";
import { namedFetch } from "../process/named-fetch.js";
import { txnTokens } from "../process/transactions.js";
import { postJson } from "./post-json.js";
import { welcome } from "./welcome.js";

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

// The same orders, when the discount has to be bound too, and the answer has to be theirs.
const signingFetch = createFetch({
  identity,
  peers: {
    "http://orders.localhost": {
      id: "spiffe://shop.example/orders",
      accept: ["svid-signature-1"],
      boundHeaders: ["x-discount"],
      signedResponse: "required",
    },
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
    txnTokens,
  }),
);
app.use(express.json());
app.post("/checkout", orderFrom("http://orders.localhost"));
app.post("/dropship", orderFrom("http://dropship.localhost"));
app.post("/signed", signedOrder);
app.use(refusalHandler);

function orderFrom(supplier: string): RequestHandler {
  return async (request, response) => {
    const next = await postJson(fetch, `${supplier}/orders?deliver-to=home`, request.body);
    const status = next.status === 201 ? 201 : 502;
    response.status(status).json({ ...welcome(request.caller), next });
  };
}

async function signedOrder({ caller, body }: Request, response: Response): Promise<void> {
  const url = "http://orders.localhost/orders?deliver-to=home";
  try {
    const next = await postJson(signingFetch, url, body, { "x-discount": "5" });
    response.status(201).json({ ...welcome(caller), next });
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    response.status(502).json({ ...welcome(caller), distrust: error.code });
  }
}

await takePart(app.listen(0, "127.0.0.1"));
