import { allow, createProver, createVerifier, memorySessions } from "@firsthand/core";
import { createTrustDomain } from "@firsthand/testing";

export const callerId = "spiffe://shop.example/ns/shop/sa/checkout";
export const calleeId = "spiffe://shop.example/ns/shop/sa/orders";
export const origin = "https://orders.internal";
export const target = "/v1/orders?dry=1";
/** What undici and a browserless client send besides. */
export const headers = [
  ["host", "orders.internal"],
  ["connection", "keep-alive"],
  ["accept", "application/json"],
  ["user-agent", "checkout/1.0"],
];

/** A caller and a callee of one trust domain; `sessions` as a prover takes it. */
export async function createPair(sessions, limits, replay) {
  const shop = await createTrustDomain("shop.example");
  const checkout = await shop.identity(callerId);
  const orders = await shop.identity(calleeId);
  const verifier = createVerifier({
    identity: orders,
    origin,
    policy: allow(callerId, "spiffe://shop.example/ns/shop/sa/*"),
    sessions: memorySessions(limits),
    replay,
  });
  const proverOf = (identity) =>
    createProver({ identity, peers: { [origin]: calleeId }, sessions });
  return { shop, checkout, orders, verifier, proverOf, prover: proverOf(checkout) };
}

const url = new URL(origin + target);

/** One request from proof to verdict, with its answer taken. */
export async function exchange(prover, verifier) {
  const proof = await prover.prove({ method: "GET", url, headers });
  let session;
  const caller = await verifier.verify({
    method: "GET",
    target,
    headers: [...headers, ...proof.headers],
    answer: (_name, value) => {
      session = value;
    },
  });
  await proof.answered?.({ status: 200, header: () => session });
  return caller.proof.format;
}
