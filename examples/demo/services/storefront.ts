import { runInTransaction } from "@firsthand/core";
import { createFetch, createTxnTokenClient } from "@firsthand/node";
import { takePart } from "../process/child.js";
import { joinShop } from "../process/join-shop.js";
import { namedFetch } from "../process/named-fetch.js";
import { txnTokenService, txnTokens } from "../process/transactions.js";
import { postJson } from "./post-json.js";

const identity = await joinShop();
const transactions = createTxnTokenClient({ identity, ...txnTokenService, ...txnTokens });
const fetch = createFetch({
  identity,
  peers: { "http://checkout.localhost": "spiffe://shop.example/checkout" },
  fetch: namedFetch,
});

await takePart("client", {
  /** Alice buys. Her token becomes a transaction here, and goes no further. */
  async buy(path: string) {
    const request = { subjectToken: "token-of-alice", scope: ["order"] };
    const transaction = await transactions.exchange(request);
    const url = `http://checkout.localhost${path}`;
    return runInTransaction(transaction, () => postJson(fetch, url, { item: "tea", quantity: 1 }));
  },
});
