import type { RequestData } from "@firsthand/testing";

/** What the intruder changes in an order on its way. The proof stays as it is. */
export const changes = {
  body: ({ body, ...order }) => {
    const text = Buffer.from(body ?? []).toString();
    return { ...order, body: Buffer.from(text.replace('"quantity":1', '"quantity":99')) };
  },
  query: ({ target, ...order }) => ({ ...order, target: target.replace("=home", "=intruder") }),
  method: (order) => ({ ...order, method: "DELETE" }),
  path: ({ target, ...order }) => ({ ...order, target: target.replace("/orders", "/refunds") }),
} as const satisfies Record<string, (order: RequestData) => RequestData>;

export type Change = keyof typeof changes;
