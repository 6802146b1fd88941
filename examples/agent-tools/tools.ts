import { allow, type WorkloadIdentity } from "@firsthand/core";
import { refusalHandler, workloadAuth } from "@firsthand/express";
import express, { type Express } from "express";

interface Tool {
  /** The SPIFFE IDs of the agents that may use it. */
  readonly agents: readonly string[];
  /** Says what it does while it does it. */
  readonly run: (input: Input) => AsyncIterable<string>;
}

interface Input {
  readonly order: string;
}

const support = "spiffe://shop.example/agent/support";
const research = "spiffe://shop.example/agent/research";

const tools = new Map<string, Tool>([
  ["find_order", { agents: [support, research], run: findOrder }],
  ["refund", { agents: [support], run: refund }],
]);

async function* findOrder({ order }: Input): AsyncGenerator<string> {
  yield `looking for ${order}`;
  yield `${order} was delivered`;
}

async function* refund({ order }: Input): AsyncGenerator<string> {
  yield `checking ${order}`;
  yield `${order} was refunded`;
}

/** A tool server: JSON-RPC over HTTP, one message a line, answered while the tool is at work. */
export function createToolServer(identity: WorkloadIdentity, origin: string): Express {
  const app = express();
  app.use(workloadAuth({ identity, origin, policy: allow("spiffe://shop.example/agent/*") }));
  app.use(express.json());

  app.post("/rpc", async (request, response) => {
    const { id, params } = request.body;
    const send = (message: object) =>
      response.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
    const agent = request.caller.id.toString();
    const tool = tools.get(params.name);
    response.type("application/x-ndjson");
    if (tool === undefined) {
      send({ id, error: { code: -32602, message: "there is no such tool" } });
    } else if (!tool.agents.includes(agent)) {
      send({ id, error: { code: -32003, message: `not a tool of ${agent}` } });
    } else {
      for await (const message of tool.run(params.arguments)) {
        send({ method: "notifications/progress", params: { message } });
      }
      send({ id, result: { calledBy: agent } });
    }
    response.end();
  });

  app.use(refusalHandler);
  return app;
}
