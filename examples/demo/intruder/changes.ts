import type { RequestData } from "@firsthand/testing";
import { type Answer, withField, withoutField } from "../network/wire.js";

/** What the intruder changes in an order on its way. The proof stays as it is. */
export const changes = {
  body: ({ body, ...order }) => {
    const text = Buffer.from(body ?? []).toString();
    return { ...order, body: Buffer.from(text.replace('"quantity":1', '"quantity":99')) };
  },
  query: ({ target, ...order }) => ({ ...order, target: target.replace("=home", "=intruder") }),
  method: (order) => ({ ...order, method: "DELETE" }),
  discount: (order) => withField(order, "X-Discount", "95"),
  path: ({ target, ...order }) => ({ ...order, target: target.replace("/orders", "/refunds") }),
} as const satisfies Record<string, (order: RequestData) => RequestData>;

export type Change = keyof typeof changes;

/** What the intruder changes in the answer of orders on its way back. */
export const answerChanges = {
  answer: ({ body, ...answer }) => {
    const text = Buffer.from(body).toString();
    return { ...answer, body: Buffer.from(text.replace("alice", "mallory")) };
  },
  signature: (answer) =>
    ["Signature", "Signature-Input"].reduce<Answer>(
      (rest, name) => withoutField(rest, name),
      answer,
    ),
} as const satisfies Record<string, (answer: Answer) => Answer>;

export type AnswerChange = keyof typeof answerChanges;
