import type { TxnTokenOptions } from "@firsthand/core";
import { openKeySet } from "@firsthand/node";

const { TXN_TOKEN_ENDPOINT: url = "", TXN_TOKEN_KEYS: keySetUrl = "" } = process.env;

/** Whose word the shop takes for it on whose behalf a request is made. */
export const txnTokens: Pick<TxnTokenOptions, "trustDomain" | "keys"> = {
  trustDomain: "shop.example",
  keys: await openKeySet({ url: keySetUrl }),
};

/** Where transactions begin. */
export const txnTokenService = { url, service: "spiffe://shop.example/txn-token-service" };
