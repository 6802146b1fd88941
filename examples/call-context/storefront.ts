import { callContext, runInTransaction, type WorkloadIdentity } from "@firsthand/core";
import { refusalHandler, workloadAuth } from "@firsthand/express";
import { createFetch, createTxnTokenClient } from "@firsthand/node";
import express, { type Express } from "express";
import type { Shop } from "./shop.js";

/** Where users come in: their token becomes a transaction here, and goes no further. */
export function createStorefront(
  identity: WorkloadIdentity,
  { origins, txnTokens, service }: Shop,
): Express {
  const fetch = createFetch({
    identity,
    peers: { [origins.checkout]: "spiffe://shop.example/checkout" },
  });
  const transactions = createTxnTokenClient({ identity, ...service, ...txnTokens });

  const app = express();
  app.use(workloadAuth({ identity, origin: origins.storefront, policy: () => true }));
  app.post("/buy", async (_request, response) => {
    const subjectToken = callContext()?.userToken;
    if (subjectToken === undefined) {
      response.status(401).json({ problem: "who is the customer?" });
      return;
    }
    const transaction = await transactions.exchange({ subjectToken, scope: ["order", "pay"] });
    const answer = await runInTransaction(transaction, () =>
      fetch(`${origins.checkout}/checkout`, { method: "POST" }),
    );
    response.status(answer.status).json(await answer.json());
  });
  app.use(refusalHandler);
  return app;
}
