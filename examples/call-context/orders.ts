import type { RequestListener } from "node:http";
import type { Policy, WorkloadIdentity } from "@firsthand/core";
import { requireCaller } from "@firsthand/core/http";
import type { Shop } from "./shop.js";

/** Checkout may place orders, for a customer and not for itself. */
const policy: Policy = ({ id, onBehalfOf }) =>
  id.path === "/checkout" && onBehalfOf?.scope.includes("order") === true;

/** At the end: it knows who calls, and with evidence on whose behalf. */
export function createOrders(
  identity: WorkloadIdentity,
  { origins, txnTokens }: Shop,
): RequestListener {
  const auth = { identity, origin: origins.orders, policy, txnTokens };

  return requireCaller(auth, (_request, response, { id, onBehalfOf }) => {
    const order = { caller: id, customer: onBehalfOf?.subject, scope: onBehalfOf?.scope };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(order));
  });
}
