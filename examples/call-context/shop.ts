import type { TxnTokenOptions } from "@firsthand/core";

/** What the services of the shop are configured with. */
export interface Shop {
  readonly origins: Readonly<Record<"storefront" | "checkout" | "orders", string>>;
  /** Whose Txn-Tokens are believed. */
  readonly txnTokens: Pick<TxnTokenOptions, "trustDomain" | "keys">;
  /** The token endpoint of the transaction token service, and its SPIFFE ID. */
  readonly service: { readonly url: string; readonly service: string };
}
