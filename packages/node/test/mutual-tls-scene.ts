import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer, type RequestOptions, request } from "node:https";
import type { AddressInfo, Server } from "node:net";
import type { ConnectionOptions, Server as TlsServer } from "node:tls";
import {
  type Clock,
  parseX509Bundle,
  staticSource,
  type WorkloadIdentity,
  type X509SvidMaterial,
} from "@firsthand/core";
import {
  type MutualTlsServerOptions,
  mutualTlsServer,
  type TlsRefusalMessage,
} from "@firsthand/node/tls";
import {
  createTestClock,
  createTrustDomain,
  type IssuedCertificate,
  issueCertificate,
  mintIntermediate,
  type TestClock,
  type TestIdentity,
  type TestTrustDomain,
} from "@firsthand/testing";
import { onTestFinished } from "vitest";
import { pem } from "../src/tls/pem.js";

export const ordersId = "spiffe://shop.example/orders";
export const checkoutId = "spiffe://shop.example/checkout";

/** A trust domain with a service and a caller, at a time that stands still. */
export interface Scene {
  readonly clock: TestClock;
  readonly domain: TestTrustDomain;
  readonly orders: TestIdentity;
  readonly checkout: TestIdentity;
}

export async function createScene(): Promise<Scene> {
  const clock = createTestClock();
  const domain = await createTrustDomain("shop.example", { clock });
  const [orders, checkout] = await Promise.all([
    domain.identity(ordersId),
    domain.identity(checkoutId),
  ]);
  return { clock, domain, orders, checkout };
}

/** Replaces the authorities of a domain. Who does not renew afterwards belongs to the old ones. */
export async function replaceAuthorities(domain: TestTrustDomain): Promise<void> {
  await domain.rotateAuthorities();
  domain.revokeOldAuthorities();
}

/** Two authorities, each of which signed the other: Node alone would follow them for ever. */
export async function authoritiesInCircle(
  domain: TestTrustDomain,
): Promise<readonly [IssuedCertificate, IssuedCertificate]> {
  const [first, second] = await Promise.all([
    mintIntermediate(domain, { subject: "first" }),
    mintIntermediate(domain, { subject: "second" }),
  ]);
  const template = {
    notBefore: domain.now(),
    notAfter: domain.now() + 3600,
    names: { uris: [`spiffe://${domain.name}`] },
    basicConstraints: { ca: true },
    keyUsage: ["keyCertSign"] as const,
  };
  return [
    issueCertificate({ ...template, subject: "first" }, first.key, second),
    issueCertificate({ ...template, subject: "second" }, second.key, first),
  ];
}

/** An identity with the same credentials, and with these authorities for shop.example. */
export async function trusting(
  identity: WorkloadIdentity,
  authorities: readonly IssuedCertificate[],
): Promise<WorkloadIdentity> {
  const der = Buffer.concat(authorities.map(({ certificate }) => certificate));
  const bundles = [await parseX509Bundle("shop.example", der)];
  return staticSource({ credentials: identity.credentials(), bundles });
}

/** What mutual TLS servers refuse until the test ends: code and SPIFFE ID. */
export function recordRefusals(): (readonly [code: string, peer: string | undefined])[] {
  const refusals: (readonly [string, string | undefined])[] = [];
  const note = (message: unknown) => {
    const { code, peer } = message as TlsRefusalMessage;
    refusals.push([code, peer]);
  };
  subscribe("firsthand:tls", note);
  onTestFinished(() => void unsubscribe("firsthand:tls", note));
  return refusals;
}

/** Listens on a free port of 127.0.0.1 until the test ends. */
export async function listen(server: Server): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => sockets.add(socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

export interface OrdersServer {
  readonly port: number;
  readonly origin: string;
  readonly server: TlsServer;
  /** The targets of the requests that the application got. */
  readonly reached: string[];
}

export interface OrdersServerOptions extends Partial<MutualTlsServerOptions> {
  /** Default: answers with the target. */
  readonly handler?: RequestListener | undefined;
  readonly create?: Parameters<typeof mutualTlsServer>[0] | undefined;
}

/** The orders service behind mutual TLS, for checkout. */
export async function startOrders(
  { orders, clock }: { readonly orders: WorkloadIdentity; readonly clock: Clock },
  options: OrdersServerOptions = {},
): Promise<OrdersServer> {
  const { handler = echo, create, ...serverOptions } = options;
  const reached: string[] = [];
  const listener = (message: IncomingMessage, response: ServerResponse) => {
    reached.push(message.url ?? "");
    handler(message, response);
  };
  const server = mutualTlsServer(create ?? ((tls) => createServer(tls, listener)), {
    identity: orders,
    peers: [checkoutId],
    clock,
    ...serverOptions,
  });
  const port = await listen(server);
  return { port, origin: `https://localhost:${port}`, server, reached };
}

export function echo(message: IncomingMessage, response: ServerResponse): void {
  message.resume();
  response.end(message.url);
}

/** TLS options that present a certificate and trust whoever answers. */
export function presenting({ chain, privateKey }: X509SvidMaterial): ConnectionOptions {
  return {
    cert: chain.map((der) => pem("CERTIFICATE", der)).join(""),
    key: pem("PRIVATE KEY", privateKey),
    rejectUnauthorized: false,
  };
}

/** An answer: status, `Connection` header and text. */
export interface Answer {
  readonly status: number | undefined;
  readonly connection: string | undefined;
  readonly text: string;
}

/** Sends a request with a client of node:https, and rejects when it gets no answer. */
export async function send(port: number, options: RequestOptions, body = ""): Promise<Answer> {
  const [response] = (await once(
    request({ host: "127.0.0.1", port, ...options }).end(body),
    "response",
  )) as [IncomingMessage];
  const chunks: Buffer[] = await response.toArray();
  const { statusCode: status, headers } = response;
  return { status, connection: headers.connection, text: Buffer.concat(chunks).toString() };
}
