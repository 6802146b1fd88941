import { type Attack, type OrderPath, orderUnder } from "./attempts.js";
import type { Delivery } from "./intruder/intruder.js";
import { type ForgedAnswer, type GenuineCall, genuineCalls } from "./scenarios.js";
import type { Reply } from "./services/post-json.js";
import type { Shop } from "./shop.js";
import type { Row } from "./table.js";

/** One order of a customer: a row for each call from service to service. */
export async function* playOrder(shop: Shop, path: OrderPath): AsyncGenerator<Row> {
  let answer: Reply | undefined = await shop.storefront.perform<Reply>("buy", path);
  for (const call of genuineCalls[path]) {
    if (answer === undefined) return; // the last one went no further
    yield await genuineRow(shop, call, answer);
    answer = answer.next;
  }
}

/** What the services told each other has to agree with what their verifiers recorded. */
async function genuineRow(
  shop: Shop,
  { from, to, format }: GenuineCall,
  answer: Reply,
): Promise<Row> {
  const decision = await shop[to].nextDecision();
  const { caller, code, credential } = decision;
  const id = `spiffe://shop.example/${from}`;
  return {
    from,
    to,
    request: `${credential}, ${decision.format}, for ${answer.customer}`,
    status: answer.status,
    accepted: decision.decision === "accepted",
    why: code ?? caller ?? "",
    legacy: undefined,
    expected:
      decision.decision === "accepted" &&
      decision.format === format &&
      caller === id &&
      answer.caller === id &&
      answer.customer === "alice" &&
      answer.status === 201,
  };
}

/** One attack on orders. */
export async function playAttack(shop: Shop, attack: Attack): Promise<Row> {
  const { from, request, expected } = attack;
  await attack.attempt(shop);
  const delivery = await shop.intruder.perform<Delivery>("delivered");
  const { decision, caller, code } = await shop.orders.nextDecision();
  return {
    from,
    to: "orders",
    request,
    status: delivery.orders,
    accepted: decision === "accepted",
    why: code ?? caller ?? "",
    legacy: delivery.legacy,
    expected:
      delivery.orders === expected.orders &&
      delivery.legacy === expected.legacy &&
      code === expected.code,
  };
}

/** An answer of orders to checkout that the intruder changed: whether checkout believes it. */
export async function playAnswer(shop: Shop, forged: ForgedAnswer): Promise<Row> {
  const { distrust } = await orderUnder(shop, forged.change, "/signed");
  const { orders: status } = await shop.intruder.perform<Delivery>("delivered");
  const { decision } = await shop.orders.nextDecision();
  await shop.ledger.nextDecision();
  return {
    from: "orders",
    to: "checkout",
    request: `its answer, ${forged.answer}`,
    status,
    accepted: distrust === undefined,
    why: distrust ?? "",
    legacy: undefined,
    expected: decision === "accepted" && distrust === forged.code,
  };
}
