import { once } from "node:events";
import { type IncomingMessage, request as sendRequest } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { text } from "node:stream/consumers";
import { createProver, type Observation, type ProofFormat } from "@firsthand/core";
import type { WorkloadAuthOptions } from "@firsthand/core/http";
import { createTestClock, createTrustDomain } from "@firsthand/testing";
import { afterEach } from "vitest";

export const origin = "https://orders.internal";
export const checkout = "spiffe://shop.example/checkout";
export const clock = createTestClock();

const shop = await createTrustDomain("shop.example", { clock });
const orders = await shop.identity("/orders");
const caller = await shop.identity("/checkout", { credentials: ["wit-svid", "x509-svid"] });

/** Options of the called service, and every decision it makes. */
export function authOptions(more: Partial<WorkloadAuthOptions> = {}) {
  const decisions: string[] = [];
  const observer = (observation: Observation) => {
    decisions.push(observation.decision === "accepted" ? "accepted" : observation.error.code);
  };
  const options = { identity: orders, origin, policy: () => true, clock, observer, ...more };
  return { decisions, options };
}

/** A request as it goes over the wire, and how its proof differs from it. */
export interface Sent {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly content?: string | Uint8Array;
  /** What the proof says in place of what is sent; `false` sends none. */
  readonly proof?: false | Proved;
}

export interface Proved {
  readonly method?: string;
  readonly url?: string;
  readonly content?: string | Uint8Array | undefined;
  readonly format?: ProofFormat;
}

/** Header fields that prove a request of `checkout`. */
export async function prove({ method = "GET", target = "/", content, proof, headers = [] }: Sent) {
  if (proof === false) return [];
  const url = new URL(proof?.url ?? `${origin}${target}`);
  const accept = [proof?.format ?? "svid-proof-1"] as const;
  const prover = createProver({
    identity: caller,
    peers: { [url.origin]: { id: "spiffe://shop.example/orders", accept } },
    clock,
  });
  const proved = { method, content, ...proof };
  const proven = await prover.prove({
    method: proved.method,
    url,
    headers,
    content: proved.content === undefined ? undefined : Buffer.from(proved.content),
  });
  return proven.headers;
}

export interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Sends a request as `checkout` would. */
export async function send(port: number, sent: Sent): Promise<Answer> {
  const { method = "GET", target = "/", content, headers = [] } = sent;
  const length = content === undefined ? [] : [["Content-Length", `${Buffer.byteLength(content)}`]];
  const fields = [["Host", "orders.example"], ...length, ...headers, ...(await prove(sent))];
  const request = sendRequest({
    ...{ port, host: "127.0.0.1", method, path: target, agent: false },
    headers: fields.flat(),
  });
  request.end(content);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const { statusCode: status } = response;
  return { status, headers: response.headers, body: await text(response) };
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

export async function portOf(server: Server): Promise<number> {
  servers.push(server);
  if (!server.listening) await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
