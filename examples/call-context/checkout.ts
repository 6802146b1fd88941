import { allow, callContext, runInTransaction, type WorkloadIdentity } from "@firsthand/core";
import { refusalHandler, workloadAuth } from "@firsthand/fastify";
import { createFetch, createTxnTokenClient } from "@firsthand/node";
import { type FastifyInstance, fastify } from "fastify";
import type { Shop } from "./shop.js";

/** In the middle: it passes the transaction on without a line of code, or less of it. */
export async function createCheckout(
  identity: WorkloadIdentity,
  { origins, txnTokens, service }: Shop,
): Promise<FastifyInstance> {
  const fetch = createFetch({
    identity,
    peers: { [origins.orders]: "spiffe://shop.example/orders" },
  });
  const transactions = createTxnTokenClient({ identity, ...service, ...txnTokens });
  const placeOrder = async () => {
    const answer = await fetch(`${origins.orders}/orders`, { method: "POST" });
    return (await answer.json()) as unknown;
  };

  const app = fastify();
  await app.register(workloadAuth, {
    identity,
    origin: origins.checkout,
    policy: allow("spiffe://shop.example/storefront"),
    txnTokens,
  });
  app.setErrorHandler(refusalHandler);
  app.post("/checkout", async () => {
    const whole = callContext()?.transaction;
    if (whole === undefined) throw new Error("checkout needs a transaction");
    const orderOnly = await transactions.narrow(whole, { scope: ["order"] });
    return {
      whole: await placeOrder(),
      narrowed: await runInTransaction(orderOnly, placeOrder),
    };
  });
  return app;
}
