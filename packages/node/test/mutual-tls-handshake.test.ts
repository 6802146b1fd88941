import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { Agent, createServer, type RequestOptions } from "node:https";
import { type ConnectionOptions, connect } from "node:tls";
import { CredentialError, type WorkloadIdentity, type X509SvidMaterial } from "@firsthand/core";
import { type MutualTlsServerOptions, mutualTlsServer } from "@firsthand/node/tls";
import {
  type CertificateMutationName,
  certificateMutations,
  createTrustDomain,
  mintIntermediate,
  mintLeaf,
  x509SvidMaterial,
} from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import {
  authoritiesInCircle,
  checkoutId,
  createScene,
  echo,
  listen,
  type OrdersServerOptions,
  ordersId,
  presenting,
  recordRefusals,
  replaceAuthorities,
  type Scene,
  send,
  startOrders,
  trusting,
} from "./mutual-tls-scene.js";

let scene: Scene;
let checkout: X509SvidMaterial;

beforeAll(async () => {
  scene = await createScene();
  checkout = await scene.domain.issueX509Svid(checkoutId);
});

const over = (tls: ConnectionOptions): RequestOptions => ({ agent: new Agent(tls) });

/** What a server that the client must not reach says about it. */
async function refusalsOf(tls: ConnectionOptions, options: OrdersServerOptions = {}) {
  const refusals = recordRefusals();
  const { port, reached } = await startOrders(scene, options);
  await expect(send(port, over(tls))).rejects.toThrow();
  expect(reached).toEqual([]);
  return refusals;
}

describe("a mutual TLS server lets in", () => {
  it.each<[title: string, peers: readonly string[]]>([
    ["a workload by its SPIFFE ID", [checkoutId]],
    ["a workload by its trust domain", ["spiffe://shop.example"]],
    ["a workload among others", [ordersId, "spiffe://partner.example", checkoutId]],
  ])("%s", async (_, peers) => {
    const { port } = await startOrders(scene, { peers });
    const answer = await send(port, { ...over(presenting(checkout)), path: "/a" });
    expect(answer).toMatchObject({ status: 200, text: "/a" });
  });

  it("a workload of a trust domain that ours federates with", async () => {
    const { identity, partner } = await federated();
    const { port } = await startOrders(scene, {
      identity,
      peers: ["spiffe://partner.example/web"],
    });
    await send(port, over(presenting(await partner.issueX509Svid("/web"))));
  });

  it("a workload under an authority that is not self-signed", async () => {
    const authority = await mintIntermediate(scene.domain);
    const leaf = await mintLeaf(scene.domain, checkoutId, {}, { issuer: authority });
    const { port } = await startOrders(scene, {
      identity: await trusting(scene.orders, [authority]),
    });
    await send(port, over(presenting(x509SvidMaterial(leaf))));
  });

  it("a workload under authorities that signed each other, after which Node alone runs for ever", async () => {
    const circle = await authoritiesInCircle(scene.domain);
    const leaf = await mintLeaf(scene.domain, checkoutId, {}, { issuer: circle[0] });
    const { port } = await startOrders(scene, { identity: await trusting(scene.orders, circle) });
    await send(port, over(presenting(x509SvidMaterial(leaf))));
  });
});

describe("a mutual TLS server refuses", () => {
  it("a client without a certificate", async () => {
    const refusals = await refusalsOf({ rejectUnauthorized: false });
    expect(refusals).toEqual([["certificate_chain_empty", undefined]]);
  });

  it("a workload that is not listed", async () => {
    const refusals = await refusalsOf(presenting(checkout), { peers: [`${checkoutId}/batch`] });
    expect(refusals).toEqual([["caller_forbidden", checkoutId]]);
  });

  it("a workload of another trust domain than the listed one, also when there is a bundle for it", async () => {
    const { identity, partner } = await federated();
    const web = await partner.issueX509Svid("/checkout");
    const refusals = await refusalsOf(presenting(web), { identity });
    expect(refusals).toEqual([["caller_forbidden", "spiffe://partner.example/checkout"]]);
  });

  it("a listed name that the authority of another trust domain signed", async () => {
    const { identity, partner } = await federated();
    const forged = await partner.issueX509Svid(checkoutId);
    const peers = [checkoutId, "spiffe://partner.example"];
    const refusals = await refusalsOf(presenting(forged), { identity, peers });
    expect(refusals).toEqual([["certificate_untrusted", checkoutId]]);
  });

  it("a listed name that such an authority signed under the names and beside the root of ours", async () => {
    const { identity, partner, home } = await federated("root 1 of shop.example");
    const { root } = partner.authorities.x509;
    expect(root.subject).toBe(home.authorities.x509.root.subject);
    const leaf = await mintLeaf(scene.domain, checkoutId, {}, { issuer: root });
    const forged = x509SvidMaterial(leaf, home.authorities.x509.root);
    const peers = [checkoutId, "spiffe://partner.example"];
    const refusals = await refusalsOf(presenting(forged), { identity, peers });
    expect(refusals).toEqual([["certificate_untrusted", checkoutId]]);
  });

  it("a workload whose trust domain has no bundle here", async () => {
    const partner = await createTrustDomain("partner.example", { clock: scene.clock });
    const web = await partner.issueX509Svid("/web");
    const refusals = await refusalsOf(presenting(web), { peers: ["spiffe://partner.example"] });
    expect(refusals).toEqual([["trust_domain_unknown", "spiffe://partner.example/web"]]);
  });

  it("everybody while there is no trust", async () => {
    const identity: WorkloadIdentity = {
      credentials: () => scene.orders.credentials(),
      trustBundle: () => expect.fail("closed"),
    };
    const refusals = await refusalsOf(presenting(checkout), { identity });
    expect(refusals).toEqual([["trust_unavailable", checkoutId]]);
  });

  it("a workload whose authority was removed, from the next handshake on", async () => {
    const { clock } = scene;
    const domain = await createTrustDomain("shop.example", { clock });
    const orders = await domain.identity(ordersId);
    const old = presenting(await domain.issueX509Svid(checkoutId));
    const refusals = recordRefusals();
    const { port } = await startOrders({ orders, clock });
    await send(port, over(old));
    await replaceAuthorities(domain);
    await orders.renew();
    await expect(send(port, over(old))).rejects.toThrow();
    expect(refusals).toEqual([["certificate_untrusted", checkoutId]]);
    await send(port, over(presenting(await domain.issueX509Svid(checkoutId))));
  });

  it.each<[mutation: CertificateMutationName, code: string]>([
    ["uriMissing", "certificate_uri_missing"],
    ["uriOnlyAsDnsName", "certificate_uri_missing"],
    ["uriInsideDnsName", "certificate_uri_missing"],
    ["uriTwice", "certificate_uri_multiple"],
    ["uriOfAnotherWorkloadAdded", "certificate_uri_multiple"],
    ["uriOfAnotherSchemeAdded", "certificate_uri_multiple"],
    ["uriOfAnotherScheme", "certificate_id_invalid"],
    ["uriWithoutPath", "certificate_id_invalid"],
    ["uriWithNul", "certificate_id_invalid"],
    ["uriWithSecondInside", "certificate_id_invalid"],
    ["leafIsCa", "certificate_is_ca"],
    ["keyUsageMissing", "certificate_key_usage_invalid"],
    ["keyUsageCertSign", "certificate_key_usage_invalid"],
    ["purposeEmail", "certificate_extended_key_usage_invalid"],
    ["purposeWithoutClient", "certificate_extended_key_usage_invalid"],
    ["extensionCriticalUnknown", "certificate_extension_unsupported"],
    ["serialNumberZero", "certificate_malformed"],
    ["chainTooLong", "certificate_chain_too_long"],
    ["leafSignatureBitFlipped", "certificate_signature_invalid"],
  ])("the certificate %s, and says nothing of its name", async (mutation, code) => {
    const bad = await certificateMutations[mutation](scene.domain, checkoutId);
    const refusals = await refusalsOf(presenting(bad));
    expect(refusals.map(([refused]) => refused)).toEqual([code]);
  });

  it.each<[mutation: CertificateMutationName, code: string]>([
    ["leafExpired", "certificate_expired"],
    ["leafNotYetValid", "certificate_not_yet_valid"],
    ["leafSelfSigned", "certificate_untrusted"],
    ["impostorOfSameName", "certificate_untrusted"],
    ["issuerOfSameName", "certificate_untrusted"],
    ["issuersInCircle", "certificate_untrusted"],
    ["chainWithoutIntermediate", "certificate_untrusted"],
    ["intermediateNotCa", "certificate_issuer_not_ca"],
    ["intermediateExpired", "certificate_expired"],
    ["intermediateExcludesName", "certificate_name_constrained"],
    ["pathLengthExceeded", "certificate_path_length_exceeded"],
    ["neighbourAsIssuer", "certificate_issuer_not_ca"],
  ])("the certificate %s, and names who it claims to be", async (mutation, code) => {
    const bad = await certificateMutations[mutation](scene.domain, checkoutId);
    expect(await refusalsOf(presenting(bad))).toEqual([[code, checkoutId]]);
  });
});

describe("TLS", () => {
  it("is 1.3 unless 1.2 is asked for", async () => {
    const tls: ConnectionOptions = { ...presenting(checkout), maxVersion: "TLSv1.2" };
    expect(await refusalsOf(tls)).toEqual([["handshake_failed", undefined]]);
    const { port } = await startOrders(scene, { minVersion: "TLSv1.2" });
    await send(port, over(tls));
  });

  it("1.2 does not renegotiate, so that certificates stay what they were", async () => {
    const { port } = await startOrders(scene, { minVersion: "TLSv1.2" });
    const socket = connect({ port, ...presenting(checkout), maxVersion: "TLSv1.2" });
    await once(socket, "secureConnect");
    const renegotiated = new Promise((resolve) => socket.renegotiate({}, resolve));
    const failed = once(socket, "error").then(([error]) => error);
    expect(await Promise.race([renegotiated, failed])).toBeInstanceOf(Error);
    socket.destroy();
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("%s offers no session to resume", async (version) => {
    const reused: boolean[] = [];
    const { port, server } = await startOrders(scene, { minVersion: "TLSv1.2" });
    server.on("secureConnection", (socket) => reused.push(socket.isSessionReused()));
    const tls = { ...presenting(checkout), maxVersion: version };
    const agent = new Agent({ ...tls, maxCachedSessions: 10 });
    await send(port, { agent });
    await send(port, { agent });
    expect(reused).toEqual([false, false]);
  });

  it("is refused for a session that was resumed although an application enabled that", async () => {
    const sessions = new Map<string, Buffer>();
    const refusals = recordRefusals();
    const { port, server, reached } = await startOrders(scene, { minVersion: "TLSv1.2" });
    server.on("newSession", (id, data, stored) => {
      sessions.set(id.toString("hex"), data);
      stored();
    });
    server.on("resumeSession", (id, found) =>
      found(null, sessions.get(id.toString("hex")) ?? null),
    );
    const tls: ConnectionOptions = { ...presenting(checkout), maxVersion: "TLSv1.2" };
    const agent = new Agent({ ...tls, maxCachedSessions: 1 });
    await send(port, { agent, path: "/first" });
    await expect(send(port, { agent, path: "/resumed" })).rejects.toThrow();
    expect(reached).toEqual(["/first"]);
    expect(refusals).toEqual([["certificate_chain_empty", undefined]]);
  });
});

describe("our own identity", () => {
  /** The identity of orders, with what it presents decided by `credentials`. */
  const presentingBy = (credentials: WorkloadIdentity["credentials"]): WorkloadIdentity => ({
    credentials,
    trustBundle: (name) => scene.orders.trustBundle(name),
  });
  const notReady = () => {
    throw new CredentialError("source_not_ready");
  };

  it.each<[code: string, credentials: () => ReturnType<WorkloadIdentity["credentials"]>]>([
    ["source_not_ready", notReady],
    ["credential_missing", () => []],
    ["credential_missing", () => witOnly],
    ["credential_expired", () => expired],
  ])("fails every handshake with %s", async (code, credentials) => {
    const identity = presentingBy(credentials);
    expect(await refusalsOf(presenting(checkout), { identity })).toEqual([[code, undefined]]);
  });

  it("is used as soon as it is there, and no longer than it is", async () => {
    let credentials: WorkloadIdentity["credentials"] = notReady;
    const { port } = await startOrders(scene, { identity: presentingBy(() => credentials()) });
    const call = () => send(port, over(presenting(checkout)));
    await expect(call()).rejects.toThrow();
    credentials = () => scene.orders.credentials();
    await call();
    credentials = notReady;
    await expect(call()).rejects.toThrow();
  });

  it("is the newest at each handshake, and unchanged costs no new context", async () => {
    const { clock, domain } = scene;
    const orders = await domain.identity(ordersId);
    const { port, server } = await startOrders({ orders, clock });
    const contexts: unknown[] = [];
    const setSecureContext = server.setSecureContext.bind(server);
    server.setSecureContext = (options) => {
      contexts.push(options);
      setSecureContext(options);
    };
    const leaf = async () => {
      const accepted = once(server, "secureConnection");
      const socket = connect({ port, ...presenting(checkout) });
      await Promise.all([once(socket, "secureConnect"), accepted]);
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      return raw;
    };
    const held = () => {
      const [credential] = orders.credentials();
      return credential?.kind === "x509-svid" ? Buffer.from(credential.chain[0] ?? []) : undefined;
    };
    expect(await leaf()).toEqual(held());
    expect(await leaf()).toEqual(held());
    await orders.renew();
    expect(await leaf()).toEqual(held());
    expect(contexts).toHaveLength(2);
  });
});

describe("mutualTlsServer", () => {
  const required = () => ({ identity: scene.orders, peers: [checkoutId] });

  it("gives the server that was made", () => {
    const server = createServer();
    expect(mutualTlsServer(() => server, required())).toBe(server);
  });

  it("refuses what is no TLS server", () => {
    const create = () => createHttpServer() as never;
    expect(() => mutualTlsServer(create, required())).toThrow(
      expect.objectContaining({ code: "option_invalid", option: "create" }),
    );
  });

  it("holds, whatever TLS options the server was made with", async () => {
    const loose = { requestCert: false, rejectUnauthorized: false };
    const create = () => createServer(loose, echo);
    // Who is not asked for a certificate has none; the TLS of Node 26 may refuse that sooner.
    const codes = (await refusalsOf(presenting(checkout), { create })).map(([code]) => code);
    expect(codes).toHaveLength(1);
    expect(["certificate_chain_empty", "handshake_failed"]).toContain(codes[0]);
  });

  it("stands before listeners that are added later", async () => {
    const refusals = recordRefusals();
    const server = mutualTlsServer((tls) => createServer(tls), {
      ...required(),
      clock: scene.clock,
      peers: [ordersId],
    });
    server.on("request", () => expect.fail("reached"));
    server.on("secureConnection", () => expect.fail("reached"));
    const port = await listen(server);
    await expect(send(port, over(presenting(checkout)))).rejects.toThrow();
    expect(refusals).toEqual([["caller_forbidden", checkoutId]]);
  });

  it("reports refusals as tlsClientError too, with the cause", async () => {
    const { port, server } = await startOrders(scene, { peers: [ordersId] });
    const reported = once(server, "tlsClientError");
    await expect(send(port, over(presenting(checkout)))).rejects.toThrow();
    const [error, socket] = await reported;
    expect(error).toMatchObject({ name: "VerificationError", code: "caller_forbidden" });
    expect(socket.destroyed).toBe(true);
  });

  it.each<[option: string, options: Readonly<Record<string, unknown>>]>([
    ["identity", { identity: { trustBundle: () => undefined } }],
    ["identity", { identity: Promise.resolve() }],
    ["peers", { peers: undefined }],
    ["peers", { peers: [] }],
    ["peers", { peers: checkoutId }],
    ["peers[1]", { peers: [checkoutId, 7] }],
    ["peers[0]", { peers: ["shop.example"] }],
    ["peers[0]", { peers: ["spiffe://shop.example/*"] }],
    ["peers[0]", { peers: ["spiffe://shop.example/"] }],
    ["minVersion", { minVersion: "TLSv1.1" }],
    ["maxConnectionAgeSeconds", { maxConnectionAgeSeconds: 0 }],
    ["clock", { clock: Date }],
    ["peer", { peer: checkoutId }],
  ])("refuses a wrong option %s", (option, options) => {
    const given = { ...required(), ...options } as MutualTlsServerOptions;
    expect(() => mutualTlsServer((tls) => createServer(tls), given)).toThrow(
      expect.objectContaining({ code: "option_invalid", option }),
    );
  });
});

let witOnly: ReturnType<WorkloadIdentity["credentials"]>;
let expired: ReturnType<WorkloadIdentity["credentials"]>;

beforeAll(async () => {
  const { domain } = scene;
  witOnly = (await domain.identity(ordersId, { credentials: ["wit-svid"] })).credentials();
  const notBefore = domain.now() - 3600;
  expired = (await domain.identity(ordersId, { x509Svid: { notBefore } })).credentials();
});

/** Orders in a trust domain that federates with partner.example. */
async function federated(partnerRoot?: string) {
  const { clock } = scene;
  const root = partnerRoot === undefined ? {} : { root: { subject: partnerRoot } };
  const [home, partner] = await Promise.all([
    createTrustDomain("shop.example", { clock }),
    createTrustDomain("partner.example", { clock, ...root }),
  ]);
  home.federate(partner);
  return { home, partner, identity: await home.identity(ordersId) };
}
