import * as z from "zod/mini";
import { capability, wholeNumber } from "../options.js";
import { isTrustDomain, type TrustDomain } from "../spiffe/spiffe-id.js";
import type { KeySetSource } from "./key-set.js";

/** Which Txn-Tokens are believed. */
export interface TxnTokenOptions {
  /** The trust domain that `aud` has to name, such as `shop.example`. */
  readonly trustDomain: string;
  /** The keys of its transaction token service; of nobody else. */
  readonly keys: KeySetSource;
  /**
   * Further trust domains whose workloads may bring Txn-Tokens of ours. Default none: outside of its
   * trust domain nobody should have one.
   */
  readonly acceptFrom?: readonly string[] | undefined;
  /** The longest time from `iat` to `exp`. Default 600. */
  readonly maxLifetimeSeconds?: number | undefined;
}

/** The options with defaults filled in. */
export interface TxnTokenRules {
  readonly trustDomain: TrustDomain;
  readonly keys: KeySetSource;
  /** The trust domains whose workloads may bring one; its own is among them. */
  readonly acceptFrom: readonly TrustDomain[];
  readonly maxLifetimeSeconds: number;
}

const trustDomain = z.custom<TrustDomain>(isTrustDomain, {
  error: "must be the name of a trust domain",
});

export const txnTokenSchema = z.strictObject({
  trustDomain,
  keys: capability<KeySetSource>("authorities"),
  acceptFrom: z.optional(z.array(trustDomain)),
  maxLifetimeSeconds: z.optional(wholeNumber(1, 86_400)),
});

/** Fills in the defaults. */
export function txnTokenRules(options: z.infer<typeof txnTokenSchema>): TxnTokenRules {
  const { trustDomain, keys, acceptFrom = [], maxLifetimeSeconds = 600 } = options;
  return { trustDomain, keys, acceptFrom: [trustDomain, ...acceptFrom], maxLifetimeSeconds };
}
