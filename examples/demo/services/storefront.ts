import { createFetch } from "@firsthand/node";
import { takePart } from "../process/child.js";
import { joinShop } from "../process/join-shop.js";
import { namedFetch } from "../process/named-fetch.js";
import { postJson } from "./post-json.js";

const fetch = createFetch({
  identity: await joinShop(),
  peers: { "http://checkout.localhost": "spiffe://shop.example/checkout" },
  fetch: namedFetch,
});

await takePart("client", {
  buy: (path: string) =>
    postJson(fetch, `http://checkout.localhost${path}`, { item: "tea", quantity: 1 }),
});
