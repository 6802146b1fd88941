import type { IncomingMessage, ServerResponse } from "node:http";
import {
  connect as connectHttp2,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import { Agent, createServer } from "node:https";
import {
  allow,
  type Caller,
  createProver,
  type Observation,
  type VerifierOptions,
  type WorkloadIdentity,
  type X509SvidMaterial,
} from "@firsthand/core";
import { callerOf, createMessageVerifier, requireCaller } from "@firsthand/core/http";
import { mutualTlsServer } from "@firsthand/node/tls";
import { mutualTlsDispatcher } from "@firsthand/node/undici";
import { certificateMutations } from "@firsthand/testing";
import { fastify } from "fastify";
import * as undici from "undici";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  checkoutId,
  createScene,
  listen,
  ordersId,
  presenting,
  replaceAuthorities,
  type Scene,
  send,
  startOrders,
} from "./mutual-tls-scene.js";

const origin = "https://orders.internal";
let scene: Scene;
let checkout: X509SvidMaterial;
let payments: X509SvidMaterial;

beforeAll(async () => {
  scene = await createScene();
  [checkout, payments] = await Promise.all([
    scene.domain.issueX509Svid(checkoutId),
    scene.domain.issueX509Svid("/payments"),
  ]);
});

const byChannel: Partial<VerifierOptions> = { accept: ["svid-proof-1", "mutual-tls"] };

const optionsFor = (
  { orders, clock }: Pick<Scene, "orders" | "clock">,
  options: Partial<VerifierOptions>,
): VerifierOptions => ({
  identity: orders,
  origin,
  policy: allow(checkoutId),
  clock,
  ...options,
});

/** What a handler says about its caller. */
const tell = ({ id, proof }: Caller) => `${id} ${proof.format} ${proof.binding}`;

/** The listener of an application that reads the content and says who called. */
function telling(options: VerifierOptions) {
  return requireCaller(
    options,
    async (message: IncomingMessage, response: ServerResponse, caller) => {
      const content = Buffer.concat(await message.toArray()).toString();
      response.end(`${tell(caller)} ${content}`);
    },
  );
}

/** An application behind ordinary TLS of Node, which asks for certificates and believes any. */
async function startOrdinary(options: Partial<VerifierOptions>, of: Scene = scene) {
  const seen: Observation[] = [];
  const { cert, key } = presenting(await of.domain.issueX509Svid(ordersId));
  const observer = (observation: Observation) => void seen.push(observation);
  const port = await listen(
    createServer(
      { cert, key, requestCert: true, rejectUnauthorized: false },
      telling(optionsFor(of, { observer, ...options })),
    ),
  );
  const codes = () => seen.map((one) => (one.decision === "refused" ? one.error.code : undefined));
  return { port, codes };
}

const over = (svid: X509SvidMaterial) => ({ agent: new Agent(presenting(svid)) });
const anonymous = () => ({ agent: new Agent({ rejectUnauthorized: false }) });

async function proofHeaders(identity: WorkloadIdentity, path: string, content?: Uint8Array) {
  const prover = createProver({ identity, peers: { [origin]: ordersId }, clock: scene.clock });
  const { headers } = await prover.prove({
    method: "GET",
    url: new URL(path, origin),
    headers: [],
    content,
  });
  return Object.fromEntries(headers);
}

describe("a workload that is known by its connection", () => {
  it("is the caller behind mutualTlsServer, and its content gets through", async () => {
    const { port } = await startOrders(scene, {
      create: (tls) => createServer(tls, telling(optionsFor(scene, byChannel))),
    });
    const address = `https://localhost:${port}`;
    const { checkout: identity, clock } = scene;
    const dispatcher = mutualTlsDispatcher({ identity, peers: { [address]: ordersId }, clock });
    onTestFinished(() => dispatcher.destroy());
    for (const body of ["first", "second"]) {
      const answer = await undici.fetch(address, { method: "POST", body, dispatcher });
      expect(await answer.text()).toBe(`${checkoutId} mutual-tls channel ${body}`);
    }
  });

  it("is the caller over HTTP/2", async () => {
    const listener = requireCaller<Http2ServerRequest, Http2ServerResponse>(
      optionsFor(scene, byChannel),
      (_, response, caller) => response.end(tell(caller)),
    );
    const { port } = await startOrders(scene, {
      create: (tls) => createSecureServer(tls, listener),
    });
    const session = connectHttp2(`https://127.0.0.1:${port}`, presenting(checkout));
    onTestFinished(() => session.destroy());
    for (const path of ["/first", "/second"]) {
      const stream = session.request({ ":path": path });
      const chunks: Buffer[] = await stream.toArray();
      expect(Buffer.concat(chunks).toString()).toBe(`${checkoutId} mutual-tls channel`);
    }
  });

  it("is the caller in Fastify", async () => {
    const app = fastify({
      serverFactory: (handler) =>
        mutualTlsServer((tls) => createServer(tls, handler), {
          identity: scene.orders,
          peers: [checkoutId],
          clock: scene.clock,
        }),
    });
    const verifyMessage = createMessageVerifier(optionsFor(scene, byChannel));
    app.addHook("onRequest", async ({ raw, method, originalUrl }, reply) => {
      await verifyMessage(raw, reply.raw, { method, target: originalUrl });
    });
    app.post("/orders", async (request) => [tell(callerOf(request.raw)), request.body]);
    onTestFinished(() => app.close());
    const address = await app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = new URL(address);
    const headers = { "content-type": "application/json" };
    const options = { ...over(checkout), method: "POST", path: "/orders", headers };
    const answer = await send(Number(port), options, '{"sku":7}');
    expect(JSON.parse(answer.text)).toEqual([`${checkoutId} mutual-tls channel`, { sku: 7 }]);
    await expect(send(Number(port), { ...options, ...over(payments) })).rejects.toThrow();
  });

  it("is the caller behind any TLS server that asks for certificates", async () => {
    const { port } = await startOrdinary(byChannel);
    const answer = await send(port, over(checkout));
    expect(answer).toMatchObject({ status: 200, text: `${checkoutId} mutual-tls channel ` });
  });

  it("is refused there when only Node would believe it", async () => {
    const { port, codes } = await startOrdinary(byChannel);
    const { domain } = scene;
    const impostor = await certificateMutations.impostorOfSameName(domain, checkoutId);
    const expired = await certificateMutations.leafExpired(domain, checkoutId);
    for (const svid of [impostor, expired, payments]) await send(port, over(svid));
    await send(port, anonymous());
    expect(codes()).toEqual([
      "certificate_untrusted",
      "certificate_expired",
      "caller_forbidden",
      "proof_missing",
    ]);
  });

  it("is refused there from the request on that follows the removal of its authority", async () => {
    const fresh = await createScene();
    const { port, codes } = await startOrdinary(byChannel, fresh);
    const svid = await fresh.domain.issueX509Svid(checkoutId);
    const agent = new Agent({ ...presenting(svid), keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    expect(await send(port, { agent })).toMatchObject({ status: 200 });
    await replaceAuthorities(fresh.domain);
    await fresh.orders.renew();
    expect(await send(port, { agent })).toMatchObject({ status: 401 });
    expect(codes()).toEqual([undefined, "certificate_untrusted"]);
  });

  it("is refused there when its session was resumed", async () => {
    const { port, codes } = await startOrdinary(byChannel);
    const agent = new Agent({ ...presenting(checkout), maxCachedSessions: 1 });
    await send(port, { agent });
    await send(port, { agent });
    expect(codes()).toEqual([undefined, "proof_missing"]);
  });

  it("is never named by a header", async () => {
    const { port, codes } = await startOrdinary(byChannel);
    const headers = { "x-forwarded-client-cert": `By=${ordersId};URI=${checkoutId}` };
    expect(await send(port, { ...anonymous(), headers })).toMatchObject({ status: 401 });
    expect(codes()).toEqual(["proof_missing"]);
  });

  it("is judged by the proof that it sends, if it sends one", async () => {
    const { port, codes } = await startOrdinary(byChannel);
    const headers = await proofHeaders(scene.checkout, "/");
    const answer = await send(port, { ...over(payments), headers });
    expect(answer.text).toBe(`${checkoutId} svid-proof-1 full `);
    await send(port, { ...over(checkout), headers });
    expect(codes()).toEqual([undefined, "proof_replayed"]);
  });
});

describe("a proof that is held to its connection", () => {
  it("is good over that of the same workload only", async () => {
    const { port, codes } = await startOrdinary({ channel: "same-workload" });
    const call = async (options: { readonly agent: Agent }) => {
      const headers = await proofHeaders(scene.checkout, "/");
      return send(port, { ...options, headers });
    };
    expect(await call(over(checkout))).toMatchObject({ status: 200 });
    expect(await call(over(payments))).toMatchObject({ status: 401 });
    expect(await call(anonymous())).toMatchObject({ status: 401 });
    expect(codes()).toEqual([undefined, "channel_mismatch", "channel_missing"]);
  });
});
