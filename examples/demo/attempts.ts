import type { VerificationCode } from "@firsthand/core";
import { type IdentityMaterial, mintLeaf, x509SvidMaterial } from "@firsthand/testing";
import type { Change } from "./intruder/changes.js";
import type { Forgery } from "./intruder/forgeries.js";
import type { Delivery, Plan, Route } from "./intruder/intruder.js";
import type { Reply } from "./services/post-json.js";
import type { Shop } from "./shop.js";

/** Something that orders has to refuse. */
export interface Attack {
  readonly from: string;
  readonly request: string;
  readonly attempt: Attempt;
  readonly expected: Delivery & { readonly code: VerificationCode };
}

/** Ends when orders and orders-legacy have answered. */
type Attempt = (shop: Shop) => Promise<void>;

/** The intruder sends something that it made itself. */
export function forges(forgery: Forgery, route: Route = "sidecar"): Attempt {
  return ({ intruder }) => intruder.perform("forge", { forgery, route });
}

/** The intruder sends a bearer token that it found in some log. */
export function finds(token: (shop: Shop) => Promise<string>): Attempt {
  return async (shop) => shop.intruder.perform("sendToken", await token(shop));
}

/** The intruder sends a proof made with an identity that somebody issued to it. */
export function proves(identity: (shop: Shop) => Promise<IdentityMaterial>): Attempt {
  return async (shop) => shop.intruder.perform("sendProved", await identity(shop));
}

/** Checkout sends an order, and the intruder changes it on the way. */
export function alters(change: Change, path: OrderPath = "/checkout"): Attempt {
  return async (shop) => void (await orderUnder(shop, change, path));
}

/** Checkout sends an order, and the intruder delivers it later. */
export function delays({ minutes }: { readonly minutes: number }): Attempt {
  return async (shop) => {
    await orderUnder(shop, "keep", "/checkout");
    await shop.orders.perform("setForward", minutes * 60_000);
    await forges("replay")(shop);
  };
}

/** How checkout orders: with a proof, or with request and answer signed. */
export type OrderPath = "/checkout" | "/signed";

/** Checkout sends an order, with which the intruder does as planned. */
export async function orderUnder(shop: Shop, plan: Plan, path: OrderPath): Promise<Reply> {
  await shop.intruder.perform("plan", plan);
  const reply = await buy(shop, path);
  await shop.intruder.perform("plan", "pass" satisfies Plan);
  return reply;
}

/** The storefront has checkout do something. */
export async function buy({ storefront, checkout }: Shop, path: string): Promise<Reply> {
  const reply = await storefront.perform<Reply>("buy", path);
  await checkout.nextDecision();
  return reply;
}

/** A certificate with the name of checkout, signed with the key of newsletter's. */
export async function signedByNewsletter({ trustDomain }: Shop): Promise<IdentityMaterial> {
  const newsletter = await mintLeaf(trustDomain, "/newsletter");
  const forged = await mintLeaf(trustDomain, "/checkout", {}, { issuer: newsletter });
  const { intermediate } = trustDomain.authorities.x509;
  const { chain, privateKey } = x509SvidMaterial(forged, newsletter, intermediate);
  const base64 = (der: Uint8Array) => Buffer.from(der).toString("base64");
  return {
    credentials: [{ kind: "x509-svid", chain: chain.map(base64), privateKey: base64(privateKey) }],
    bundles: {},
  };
}
