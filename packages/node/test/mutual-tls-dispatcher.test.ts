import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer, type ServerOptions } from "node:https";
import { createServer as createTcpServer } from "node:net";
import type { TLSSocket } from "node:tls";
import {
  allow,
  CredentialError,
  SpiffeId,
  staticSource,
  type WorkloadIdentity,
  type X509SvidMaterial,
} from "@firsthand/core";
import { requireCaller } from "@firsthand/core/http";
import { createFetch } from "@firsthand/node";
import { connectTls, mutualTlsServer } from "@firsthand/node/tls";
import { type MutualTlsOptions, mutualTlsDispatcher } from "@firsthand/node/undici";
import {
  type CertificateMutationName,
  certificateMutations,
  createTrustDomain,
  mintLeaf,
  x509SvidMaterial,
} from "@firsthand/testing";
import * as undici from "undici";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  authoritiesInCircle,
  checkoutId,
  createScene,
  echo,
  listen,
  ordersId,
  presenting,
  replaceAuthorities,
  type Scene,
  startOrders,
  trusting,
} from "./mutual-tls-scene.js";

let scene: Scene;

beforeAll(async () => {
  scene = await createScene();
});

/** A dispatcher of checkout, to whom these origins are orders. */
function dispatcherFor(
  { checkout, clock }: Pick<Scene, "checkout" | "clock">,
  origin: string,
  options: Partial<MutualTlsOptions> = {},
): undici.Agent {
  const peers = { [origin]: ordersId };
  const dispatcher = mutualTlsDispatcher({ identity: checkout, peers, clock, ...options });
  onTestFinished(() => dispatcher.destroy());
  return dispatcher;
}

async function get(url: string, dispatcher: undici.Dispatcher): Promise<string> {
  const { body } = await undici.request(url, { dispatcher });
  return body.text();
}

function certificateOf(svid: X509SvidMaterial): Pick<ServerOptions, "cert" | "key"> {
  const { cert, key } = presenting(svid);
  return { cert, key };
}

/** A server with ordinary TLS of Node, which presents what it is told. */
async function startForeign(svid: X509SvidMaterial, options: ServerOptions = {}) {
  const reached: string[] = [];
  const server = createServer({ ...certificateOf(svid), ...options }, (message, response) => {
    reached.push(message.url ?? "");
    echo(message, response);
  });
  const port = await listen(server);
  return { server, port, origin: `https://localhost:${port}`, reached };
}

/** The error of a request that gets nowhere. */
async function errorOf(url: string, dispatcher: undici.Dispatcher): Promise<unknown> {
  return get(url, dispatcher).then(
    (text) => expect.fail(`answered: ${text}`),
    (error: unknown) => error,
  );
}

describe("a mutual TLS dispatcher", () => {
  it("reaches the workload that is expected, as ours", async () => {
    const { origin, reached } = await startOrders(scene);
    const dispatcher = dispatcherFor(scene, origin);
    expect(await get(`${origin}/a?b=1`, dispatcher)).toBe("/a?b=1");
    const response = await undici.fetch(`${origin}/c`, { dispatcher, method: "POST", body: "x" });
    expect(await response.text()).toBe("/c");
    expect(reached).toEqual(["/a?b=1", "/c"]);
  });

  it("goes by the clock of the machine unless it is given one", async () => {
    const domain = await createTrustDomain("shop.example");
    const [identity, orders] = await Promise.all([
      domain.identity(checkoutId),
      domain.identity(ordersId),
    ]);
    const server = mutualTlsServer((tls) => createServer(tls, echo), {
      identity: orders,
      peers: [checkoutId],
    });
    const origin = `https://localhost:${await listen(server)}`;
    const dispatcher = mutualTlsDispatcher({ identity, peers: { [origin]: ordersId } });
    onTestFinished(() => dispatcher.destroy());
    expect(await get(`${origin}/now`, dispatcher)).toBe("/now");
  });

  it("keeps connections", async () => {
    const { origin, server } = await startOrders(scene);
    const dispatcher = dispatcherFor(scene, origin, { connections: 1 });
    let connections = 0;
    server.on("connection", () => {
      connections += 1;
    });
    await get(origin, dispatcher);
    await get(origin, dispatcher);
    expect(connections).toBe(1);
  });

  it("takes the host for an address only: names in certificates mean nothing", async () => {
    const { port } = await startOrders(scene);
    const origin = `https://127.0.0.1:${port}`;
    expect(await get(`${origin}/ip`, dispatcherFor(scene, origin))).toBe("/ip");
  });

  it("refuses an origin that is no peer", async () => {
    const dispatcher = dispatcherFor(scene, "https://orders.internal");
    for (const url of ["https://elsewhere.internal/", "http://orders.internal/"]) {
      expect(await errorOf(url, dispatcher)).toMatchObject({
        name: "ProofError",
        code: "peer_unknown",
      });
    }
  });

  it("refuses another workload of the same trust domain, and sends it nothing", async () => {
    const svid = await scene.domain.issueX509Svid("/payments", { dnsNames: ["localhost"] });
    const { origin, reached } = await startForeign(svid);
    expect(await errorOf(origin, dispatcherFor(scene, origin))).toMatchObject({
      name: "ProofError",
      code: "peer_unexpected",
    });
    expect(reached).toEqual([]);
  });

  it("refuses the expected name when the authority of another trust domain signed it", async () => {
    const { clock } = scene;
    const partner = await createTrustDomain("partner.example", { clock });
    const home = await createTrustDomain("shop.example", { clock });
    home.federate(partner);
    const { origin, reached } = await startForeign(await partner.issueX509Svid(ordersId));
    const identity = await home.identity(checkoutId);
    const error = await errorOf(origin, dispatcherFor(scene, origin, { identity }));
    expect(error).toMatchObject({
      code: "peer_untrusted",
      cause: { code: "certificate_untrusted" },
    });
    expect(reached).toEqual([]);
  });

  it.each<[mutation: CertificateMutationName, cause: string]>([
    ["uriMissing", "certificate_uri_missing"],
    ["uriInsideDnsName", "certificate_uri_missing"],
    ["uriTwice", "certificate_uri_multiple"],
    ["uriOfAnotherWorkloadAdded", "certificate_uri_multiple"],
    ["uriWithSecondInside", "certificate_id_invalid"],
    ["leafExpired", "certificate_expired"],
    ["leafNotYetValid", "certificate_not_yet_valid"],
    ["leafIsCa", "certificate_is_ca"],
    ["leafSelfSigned", "certificate_untrusted"],
    ["impostorOfSameName", "certificate_untrusted"],
    ["neighbourAsIssuer", "certificate_issuer_not_ca"],
    ["foreignTrustDomain", "trust_domain_unknown"],
  ])("refuses the certificate %s", async (mutation, cause) => {
    const bad = await certificateMutations[mutation](scene.domain, ordersId);
    const { origin, reached } = await startForeign(bad);
    const error = await errorOf(origin, dispatcherFor(scene, origin));
    expect(error).toMatchObject({ code: "peer_untrusted", cause: { code: cause } });
    expect(reached).toEqual([]);
  });

  it("is not held up by authorities that signed each other", async () => {
    const circle = await authoritiesInCircle(scene.domain);
    const leaf = await mintLeaf(scene.domain, ordersId, {}, { issuer: circle[0] });
    const { origin } = await startForeign(x509SvidMaterial(leaf));
    const identity = await trusting(scene.checkout, circle);
    expect(await get(`${origin}/a`, dispatcherFor(scene, origin, { identity }))).toBe("/a");
  });

  it("notices each time who answers, and never resumes a session", async () => {
    const { domain } = scene;
    const [orders, payments] = await Promise.all([
      domain.issueX509Svid(ordersId),
      domain.issueX509Svid("/payments"),
    ]);
    const ticketKeys = randomBytes(48); // kept, so that sessions outlive the change
    const { server, origin, reached } = await startForeign(orders, { ticketKeys });
    const resumed: boolean[] = [];
    server.on("secureConnection", (socket) => resumed.push(socket.isSessionReused()));
    const dispatcher = dispatcherFor(scene, origin);
    const getOnce = async (path: string) => {
      const { body } = await undici.request(origin + path, { dispatcher, reset: true });
      return body.text();
    };
    await getOnce("/1");
    await getOnce("/2");
    server.setSecureContext({ ...certificateOf(payments), ticketKeys });
    await expect(getOnce("/3")).rejects.toMatchObject({ code: "peer_unexpected" });
    expect(reached).toEqual(["/1", "/2"]);
    expect(resumed.slice(0, 2)).toEqual([false, false]);
  });

  it("leaves errors of the network as they are", async () => {
    const server = createTcpServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const origin = `https://127.0.0.1:${port}`;
    const error = await errorOf(origin, dispatcherFor(scene, origin));
    expect(error).toMatchObject({ code: "ECONNREFUSED" });
  });

  it("gives up a handshake that takes too long", async () => {
    const { checkout, clock } = await createScene();
    const server = createTcpServer();
    const port = await listen(server);
    const connected = once(server, "connection");
    const origin = `https://127.0.0.1:${port}`;
    const options = { connectTimeoutMilliseconds: 500 };
    const failed = errorOf(origin, dispatcherFor({ checkout, clock }, origin, options));
    const [socket] = await connected;
    const closed = once(socket.resume(), "close");
    clock.advance(499);
    expect(clock.pendingDelays()).toEqual([1]);
    clock.advance(1);
    expect(await failed).toMatchObject({ code: "UND_ERR_CONNECT_TIMEOUT" });
    await closed;
    expect(clock.pendingDelays()).toEqual([]);
  });

  it("composes with proofs", async () => {
    const formats: string[] = [];
    let verified = echo as RequestListener;
    const { origin } = await startOrders(scene, {
      handler: (message, response) => verified(message, response),
    });
    verified = requireCaller(
      {
        identity: scene.orders,
        origin,
        policy: allow(checkoutId),
        channel: "same-workload",
        clock: scene.clock,
      },
      (_: IncomingMessage, response: ServerResponse, caller) => {
        formats.push(caller.proof.format);
        response.end(caller.id.toString());
      },
    );
    const peers = { [origin]: { id: ordersId, accept: ["svid-proof-1"] as const } };
    const dispatcher = dispatcherFor(scene, origin, { peers });
    const fetch = createFetch({
      identity: scene.checkout,
      peers,
      clock: scene.clock,
      fetch: (url: string, init?: undici.RequestInit) => undici.fetch(url, { ...init, dispatcher }),
    });
    const response = await fetch(`${origin}/orders`, { method: "POST", body: "{}" });
    expect([response.status, await response.text()]).toEqual([200, checkoutId]);
    expect(formats).toEqual(["svid-proof-1"]);
  });
});

describe("our own identity", () => {
  const presentingBy = (credentials: WorkloadIdentity["credentials"]): WorkloadIdentity => ({
    credentials,
    trustBundle: (name) => scene.checkout.trustBundle(name),
  });

  it.each<[code: string, credentials: WorkloadIdentity["credentials"]]>([
    [
      "source_not_ready",
      () => {
        throw new CredentialError("source_not_ready");
      },
    ],
    ["credential_missing", () => []],
  ])("fails a request with %s, before anything is opened", async (code, credentials) => {
    const { origin, server } = await startOrders(scene);
    server.on("connection", () => expect.fail("connected"));
    const identity = presentingBy(credentials);
    const error = await errorOf(origin, dispatcherFor(scene, origin, { identity }));
    expect(error).toMatchObject({ name: "CredentialError", code });
  });

  it("fails a request on a kept connection too, once it has expired", async () => {
    const { clock, ...others } = await createScene();
    const { origin, reached } = await startOrders({ ...others, clock });
    const dispatcher = dispatcherFor({ ...others, clock }, origin);
    await get(`${origin}/1`, dispatcher);
    clock.advance({ seconds: 3600 });
    const error = await errorOf(`${origin}/2`, dispatcher);
    expect(error).toMatchObject({ code: "credential_expired" });
    expect(reached).toEqual(["/1"]);
  });

  it("is not trusted by itself: without a bundle for the peer nothing is sent", async () => {
    const { origin, reached } = await startOrders(scene);
    const identity = staticSource({ credentials: scene.checkout.credentials(), bundles: [] });
    const error = await errorOf(origin, dispatcherFor(scene, origin, { identity }));
    expect(error).toMatchObject({
      code: "peer_untrusted",
      cause: { code: "trust_domain_unknown" },
    });
    expect(reached).toEqual([]);
  });
});

describe("a kept connection of a dispatcher", () => {
  /** A service and a dispatcher, and the certificate with which each connection came. */
  async function createCase(options: Partial<MutualTlsOptions> = {}) {
    const fresh = await createScene();
    const presented: string[] = [];
    const orders = await startOrders(fresh);
    orders.server.on("secureConnection", (socket: TLSSocket) =>
      presented.push(socket.getPeerCertificate().fingerprint256),
    );
    const dispatcher = dispatcherFor(fresh, orders.origin, options);
    const call = () => get(`${orders.origin}/`, dispatcher);
    return { ...fresh, ...orders, presented, dispatcher, call };
  }

  it.each<[title: string, change: (scene: Scene) => Promise<void> | void]>([
    ["our credential was renewed", ({ checkout }) => checkout.renew()],
    ["it is old enough", ({ clock }) => clock.advance({ seconds: 60 })],
  ])("gives way to a new one when %s", async (_, change) => {
    const options = { maxConnectionAgeSeconds: 60, connections: 1 };
    const { call, presented, ...fresh } = await createCase(options);
    await call();
    await call();
    expect(presented).toHaveLength(1);
    await change(fresh);
    await call();
    await call();
    expect(presented).toHaveLength(2);
  });

  it("carries our newest certificate then", async () => {
    const { call, presented, checkout } = await createCase();
    await call();
    await checkout.renew();
    await call();
    expect(new Set(presented).size).toBe(2);
  });

  it("is not used after the authority of the server was removed", async () => {
    const { clock, domain, orders, checkout } = await createScene();
    const bundles = await domain.identity(checkoutId);
    const identity: WorkloadIdentity = {
      credentials: () => checkout.credentials(),
      trustBundle: (name) => bundles.trustBundle(name),
    };
    const { origin, reached } = await startOrders({ clock, orders });
    const options = { identity, connections: 1 };
    const dispatcher = dispatcherFor({ clock, checkout }, origin, options);
    await get(`${origin}/1`, dispatcher);
    await replaceAuthorities(domain);
    await bundles.renew();
    expect(await errorOf(`${origin}/2`, dispatcher)).toMatchObject({
      code: "peer_untrusted",
      cause: { code: "certificate_untrusted" },
    });
    expect(reached).toEqual(["/1"]);
  });

  it("is not used after the certificate of the server expired", async () => {
    const { clock, domain, checkout } = await createScene();
    const short = await domain.issueX509Svid(ordersId, { ttlSeconds: 60 });
    const { origin, reached } = await startForeign(short);
    const dispatcher = dispatcherFor({ clock, checkout }, origin, { connections: 1 });
    await get(`${origin}/1`, dispatcher);
    clock.advance({ seconds: 61 });
    expect(await errorOf(`${origin}/2`, dispatcher)).toMatchObject({
      code: "peer_untrusted",
      cause: { code: "certificate_expired" },
    });
    expect(reached).toEqual(["/1"]);
  });

  it("finishes what is under way before it goes", async () => {
    const fresh = await createScene();
    const responses = new Map<string, ServerResponse>();
    const arrivals = new Map<string, () => void>();
    const arrival = (path: string) => new Promise<void>((resolve) => arrivals.set(path, resolve));
    const { origin } = await startOrders(fresh, {
      handler: (message, response) => {
        responses.set(message.url ?? "", response);
        arrivals.get(message.url ?? "")?.();
      },
    });
    const dispatcher = dispatcherFor(fresh, origin);
    const arrived = [arrival("/old"), arrival("/new")];
    const old = get(`${origin}/old`, dispatcher);
    await arrived[0];
    await fresh.checkout.renew();
    const renewed = get(`${origin}/new`, dispatcher);
    await arrived[1];
    const closing = dispatcher.close();
    responses.get("/new")?.end("new");
    responses.get("/old")?.end("old");
    expect(await Promise.all([old, renewed])).toEqual(["old", "new"]);
    await closing;
    expect(await errorOf(origin, dispatcher)).toMatchObject({ code: "UND_ERR_DESTROYED" });
  });

  it("is cut off when the dispatcher is destroyed", async () => {
    const { origin, server } = await startOrders(scene, { handler: () => undefined });
    const dispatcher = dispatcherFor(scene, origin);
    const arrived = once(server, "request");
    const failed = errorOf(origin, dispatcher);
    await arrived;
    await dispatcher.destroy(new Error("over"));
    expect(await failed).toMatchObject({ message: "over" });
  });

  it("says when there is room again", async () => {
    const { origin } = await startOrders(scene);
    const dispatcher = dispatcherFor(scene, origin, { connections: 1, pipelining: 1 });
    const drained = once(dispatcher, "drain");
    await Promise.all([get(origin, dispatcher), get(origin, dispatcher)]);
    await drained;
  });
});

describe("mutualTlsDispatcher", () => {
  const peers = { "https://orders.internal": ordersId };

  it.each<[option: string, options: Readonly<Record<string, unknown>>]>([
    ["identity", { identity: { credentials: () => [] } }],
    ["peers", { peers: undefined }],
    ["peers", { peers: ordersId }],
    ['peers["http://orders.internal"]', { peers: { "http://orders.internal": ordersId } }],
    ['peers["https://orders.internal/v1"]', { peers: { "https://orders.internal/v1": ordersId } }],
    ['peers["orders.internal"]', { peers: { "orders.internal": ordersId } }],
    [
      'peers["HTTPS://ORDERS.internal"]',
      { peers: { ...peers, "HTTPS://ORDERS.internal": ordersId } },
    ],
    ['peers["https://orders.internal"]', { peers: { "https://orders.internal": "orders" } }],
    [
      'peers["https://orders.internal"]',
      { peers: { "https://orders.internal": "spiffe://shop.example" } },
    ],
    [
      'peers["https://orders.internal"]',
      { peers: { "https://orders.internal": { id: "orders" } } },
    ],
    ["connections", { connections: 0 }],
    ["pipelining", { pipelining: 0 }],
    ["connectTimeoutMilliseconds", { connectTimeoutMilliseconds: 0 }],
    ["maxConnectionAgeSeconds", { maxConnectionAgeSeconds: 0 }],
    ["clock", { clock: Date }],
    ["peer", { peer: peers }],
  ])("refuses a wrong option %s", (option, options) => {
    const given = { identity: scene.checkout, peers, ...options } as MutualTlsOptions;
    expect(() => mutualTlsDispatcher(given)).toThrow(
      expect.objectContaining({ code: "option_invalid", option }),
    );
  });
});

describe("connectTls", () => {
  it("needs no certificate of ours where the server does not ask for one", async () => {
    const svid = await scene.domain.issueX509Svid(ordersId);
    const { port } = await startForeign(svid);
    const { socket, peer } = await connectTls({ ...targetOf(port), protocols: ["http/1.1"] });
    expect(peer).toMatchObject({ thumbprint: svid.credential.thumbprint });
    expect(socket.alpnProtocol).toBe("http/1.1");
    socket.destroy();
  });

  it("can be called off, before and while it connects", async () => {
    const server = createTcpServer();
    const target = targetOf(await listen(server));
    const reason = new Error("called off");
    await expect(connectTls({ ...target, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const connected = once(server, "connection");
    const failed = expect(connectTls({ ...target, signal: controller.signal })).rejects.toBe(
      reason,
    );
    const [socket] = await connected;
    const closed = once(socket.resume(), "close");
    controller.abort(reason);
    await failed;
    await closed;
  });

  const targetOf = (port: number) => ({
    host: "127.0.0.1",
    port,
    expected: SpiffeId.parse(ordersId),
    trust: scene.checkout,
    clock: scene.clock,
  });
});
