import { createServer } from "node:http";
import { type IdentityMaterial, loadIdentity, type RequestData } from "@firsthand/testing";
import { type Answer, fieldOf, receive, reply, send, withField } from "../network/wire.js";
import { portOf, takePart } from "../process/child.js";
import { type AnswerChange, answerChanges, type Change, changes } from "./changes.js";
import { type Captured, type Forgery, forgeries } from "./forgeries.js";
import { orderProvedBy, orderWithBearer } from "./own-order.js";

/** The statuses with which orders and orders-legacy answered the same request. */
export interface Delivery {
  readonly orders: number;
  readonly legacy: number;
}

/** How a request reaches a service: through the sidecar of checkout, or straight to its port. */
export type Route = "sidecar" | "port";

/** What becomes of checkout's next request to orders, or of the answer. */
export type Plan = Change | AnswerChange | "pass" | "keep";

const captured: { -readonly [Name in keyof Captured]?: RequestData } = {};
let plan: Plan = "pass";
let delivered: Delivery | undefined;

// Requests of checkout come by here: those to orders, because the intruder is on their path, and
// those to dropship, a supplier that belongs to the intruder.
const server = createServer(async (incoming, outgoing) => {
  const request = await receive(incoming);
  reply(outgoing, await answerTo(request, fieldOf(request, "Host")));
});

async function answerTo(request: RequestData, host: string): Promise<Answer> {
  if (host === "dropship.localhost") {
    captured.dropship = request;
    return emptyAnswer(201);
  }
  if (fieldOf(request, "SVID-Proof") !== "") captured.order = request;
  if (plan === "keep") return emptyAnswer(504);
  if (isChange(plan)) return deliver(changes[plan](request));
  const answer = await deliver(request);
  return plan === "pass" ? answer : answerChanges[plan](answer);
}

function isChange(made: Plan): made is Change {
  return Object.hasOwn(changes, made);
}

function emptyAnswer(status: number): Answer {
  return { status, headers: [["Content-Type", "application/json"]], body: Buffer.from("{}") };
}

/** Sends a request to orders and then the same, by the same route, to orders-legacy. */
async function deliver(request: RequestData, route: Route = "sidecar"): Promise<Answer> {
  const sendTo = (service: string) =>
    send(withField(request, "Host", service), portOf(route === "sidecar" ? route : service));
  const answer = await sendTo("orders.localhost");
  const legacy = await sendTo("orders-legacy.localhost");
  delivered = { orders: answer.status, legacy: legacy.status };
  return answer;
}

await takePart(server.listen(0, "127.0.0.1"), {
  plan(next: Plan) {
    plan = next;
  },
  async forge({ forgery, route }: { readonly forgery: Forgery; readonly route: Route }) {
    await deliver(await forgeries[forgery](captured as Captured), route);
  },
  async sendToken(token: string) {
    await deliver(orderWithBearer(token));
  },
  async sendProved(material: IdentityMaterial) {
    await deliver(await orderProvedBy(await loadIdentity(material)));
  },
  /** What came of the last request that the intruder sent or passed on. */
  delivered: () => delivered,
});
