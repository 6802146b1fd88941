import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { WorkloadIdentity } from "@firsthand/core";
import { createFetch } from "@firsthand/node";

/** A JSON-RPC message of the tool server. */
export interface Message {
  readonly params?: { readonly message: string };
  readonly result?: { readonly calledBy: string };
  readonly error?: { readonly code: number; readonly message: string };
}

/**
 * Calls a tool, and yields messages as they come.
 *
 * @throws {Error} with the status when the server does not take this agent for one of its callers
 */
export async function* callTool(
  identity: WorkloadIdentity,
  origin: string,
  name: string,
): AsyncGenerator<Message> {
  const fetch = createFetch({ identity, peers: { [origin]: "spiffe://shop.example/tools" } });
  const response = await fetch(`${origin}/rpc`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name, arguments: { order: "order 7" } },
    }),
  });
  if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
  for await (const line of createInterface({ input: Readable.fromWeb(response.body) })) {
    yield JSON.parse(line) as Message;
  }
}
