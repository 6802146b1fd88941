import { randomUUID } from "node:crypto";
import {
  createTrustDomain,
  generateKey,
  type RequestData,
  removeHeader,
  replaceHeader,
  tamperJwt,
} from "@firsthand/testing";
import { fieldOf, withField } from "../network/wire.js";
import { orderProvedBy, orderWithBearer, ownOrder } from "./own-order.js";

/** Requests of checkout that the intruder got hold of. */
export interface Captured {
  /** To orders, with an SVID-Proof: the intruder is on the path. */
  readonly order: RequestData;
  /** To dropship, with a WIT-SVID and a WPT: dropship is the intruder's. */
  readonly dropship: RequestData;
}

/** Each way to have orders believe that checkout is calling, made of nothing but what was captured. */
export const forgeries = {
  noProof: () => ownOrder,
  ownHeader: () =>
    withField(ownOrder, "X-Forwarded-Client-Cert", "URI=spiffe://shop.example/checkout"),

  replay: ({ order }) => order,
  relay: ({ dropship }) => dropship,

  certificateWithOwnKey: ({ order }) => signedAnew(order, "SVID-Proof", {}),
  witWithOwnKey: ({ dropship }) =>
    signedAnew(dropship, "Authorization", { aud: "http://orders.localhost/orders" }),
  witAlone: ({ dropship }) => removeHeader("Authorization")(dropship),
  witAsBearer: ({ dropship }) => orderWithBearer(fieldOf(dropship, "Workload-Identity-Token")),

  async ownAuthority() {
    const lookalike = await createTrustDomain("shop.example");
    return orderProvedBy(await lookalike.identity("/checkout"));
  },
} as const satisfies Record<string, (captured: Captured) => RequestData | Promise<RequestData>>;

export type Forgery = keyof typeof forgeries;

/** The credential is genuine and the proof is new; only the key behind it is the wrong one. */
async function signedAnew(
  captured: RequestData,
  field: string,
  claims: Readonly<Record<string, unknown>>,
): Promise<RequestData> {
  const resignWith = await generateKey("P-256");
  const change = { claims: { ...claims, jti: randomUUID() }, resignWith };
  return replaceHeader(field, (value) => {
    const [, scheme = "", proof = ""] = /^(WPT )?(.*)$/.exec(value) ?? [];
    return `${scheme}${tamperJwt(proof, change)}`;
  })(captured);
}
