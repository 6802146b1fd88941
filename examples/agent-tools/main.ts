import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createTrustDomain } from "@firsthand/testing";
import { callTool } from "./agent.js";
import { createToolServer } from "./tools.js";

// In production an identity comes from the Workload API; here from a trust domain of this process.
const trustDomain = await createTrustDomain("shop.example");

const server = createServer().listen(0, "127.0.0.1");
await once(server, "listening");
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
server.on("request", createToolServer(await trustDomain.identity("/tools"), origin));

const calls = [
  { workload: "/agent/support", tool: "refund", expected: "spiffe://shop.example/agent/support" },
  { workload: "/agent/research", tool: "refund", expected: "-32003" },
  { workload: "/newsletter", tool: "find_order", expected: "status 403" },
];
for (const { workload, tool, expected } of calls) {
  const outcome = await outcomeOf(workload, tool);
  console.log(`${workload} calls ${tool}: ${outcome}`);
  if (outcome !== expected) process.exitCode = 1;
}
server.close();
server.closeAllConnections();

async function outcomeOf(workload: string, tool: string): Promise<string> {
  let outcome = "";
  try {
    for await (const message of callTool(await trustDomain.identity(workload), origin, tool)) {
      if (message.params !== undefined) console.log(`  ... ${message.params.message}`);
      outcome = message.result?.calledBy ?? `${message.error?.code}`;
    }
    return outcome;
  } catch (error) {
    return (error as Error).message;
  }
}
