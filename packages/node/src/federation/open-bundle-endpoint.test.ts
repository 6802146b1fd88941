import { createServer as createPlainServer } from "node:http";
import type { TlsOptions } from "node:tls";
import { parseTrustDomain, staticSource } from "@firsthand/core";
import { createTestClock, createTrustDomain, type TestTrustDomain } from "@firsthand/testing";
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { type BundleEndpoint, openBundleEndpoint } from "./bundle-endpoint.js";
import type { BundleEndpointOptions, BundleEndpointProfile } from "./bundle-endpoint-options.js";
import {
  type Answer,
  createWebPki,
  document,
  serve,
  watchDelays,
} from "./endpoint-server.test-support.js";

const clock = createTestClock(Date.now()); // TLS itself looks at the clock of the machine
const web = createWebPki();
const webTls = web.tls();
const profile: BundleEndpointProfile = { kind: "https_web", ca: web.ca };
const serverId = "spiffe://partner.example/spire/server";
let partner: TestTrustDomain;
let other: TestTrustDomain;

beforeAll(async () => {
  [partner, other] = await Promise.all([
    createTrustDomain("partner.example", { clock }),
    createTrustDomain("other.example", { clock }),
  ]);
});

async function open(options: Partial<BundleEndpointOptions>): Promise<BundleEndpoint> {
  const endpoint = await openBundleEndpoint({
    trustDomain: "partner.example",
    url: "https://localhost",
    profile,
    clock,
    ...options,
  });
  onTestFinished(() => endpoint.close());
  return endpoint;
}

const published: Answer = (request, response) =>
  document(partner.bundleDocument())(request, response);

async function tlsOf(
  domain: TestTrustDomain,
  path: string,
  ttlSeconds = 3600,
): Promise<TlsOptions> {
  const svid = await domain.issueX509Svid(path, { ttlSeconds });
  return { cert: svid.chainPem, key: svid.privateKeyPem };
}

describe("openBundleEndpoint", () => {
  it("has the bundle of the trust domain it was configured for, and no other", async () => {
    const server = await serve(webTls, published);
    const endpoint = await open({ url: `${server.url}.json?edition=1` });
    const bundle = endpoint.trustBundle(partner.name);
    expect(bundle).toMatchObject({ trustDomain: "partner.example", sequence: 1 });
    expect(bundle?.x509Authorities).toHaveLength(1);
    expect(endpoint.trustBundle(other.name)).toBeUndefined();
    expect(endpoint).toMatchObject({
      trustDomain: "partner.example",
      state: { status: "ready", reason: undefined, since: clock.now(), updatedAt: clock.now() },
    });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      method: "GET",
      url: "/bundle.json?edition=1",
      headers: { host: `localhost:${server.port}`, accept: "application/json" },
    });
  });

  it("TB-020 does not believe a document that says whose it is", async () => {
    const claim = { ...JSON.parse(partner.bundleDocument()), trust_domain: "td.example" };
    const server = await serve(webTls, document(JSON.stringify(claim)));
    const endpoint = await open({ url: server.url });
    expect(endpoint.trustBundle(partner.name)?.trustDomain).toBe("partner.example");
    expect(endpoint.trustBundle(parseTrustDomain("td.example"))).toBeUndefined();
  });

  it("knows a web server by an IP address", async () => {
    const san = {
      oid: "2.5.29.17",
      critical: false,
      value: Buffer.from("300687047f000001", "hex"),
    };
    const server = await serve(web.tls({ names: {}, extraExtensions: [san] }), published);
    const endpoint = await open({ url: `https://127.0.0.1:${server.port}/` });
    expect(endpoint.state.status).toBe("ready");
  });

  it("fetches from a server that its own bundle vouches for", async () => {
    const server = await serve(await tlsOf(partner, "/spire/server"), published);
    const endpoint = await open({
      url: server.url,
      profile: { kind: "https_spiffe", id: serverId },
      initialBundle: await partner.bundle(),
    });
    expect(endpoint.state.status).toBe("ready");
  });

  it("fetches from a server of a trust domain that is trusted already", async () => {
    const server = await serve(await tlsOf(other, "/bundles"), published);
    const endpoint = await open({
      url: server.url,
      profile: {
        kind: "https_spiffe",
        id: "spiffe://other.example/bundles",
        trust: await other.identity("/web"),
      },
    });
    expect(endpoint.trustBundle(partner.name)?.x509Authorities).toHaveLength(1);
    expect(endpoint.trustBundle(other.name)).toBeUndefined();
  });

  it("takes a bundle in which everything is revoked", async () => {
    const server = await serve(webTls, document('{"keys":[]}'));
    const endpoint = await open({ url: server.url });
    expect(endpoint.trustBundle(partner.name)?.x509Authorities).toEqual([]);
  });
});

describe("openBundleEndpoint refuses a web server", () => {
  const foreign = createWebPki();
  const name = { names: { dnsNames: ["other.example"] } };

  it.each<[title: string, tls: TlsOptions, problem: string]>([
    ["with a certificate of another authority", foreign.tls(), "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["with another name", web.tls(name), "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["with an expired certificate", web.tls({ notAfter: 1_700_000_000 }), "CERT_HAS_EXPIRED"],
  ])("%s", async (_, tls, problem) => {
    const server = await serve(tls, published);
    await expect(open({ url: server.url })).rejects.toMatchObject({
      name: "CredentialError",
      code: "bundle_endpoint_untrusted",
      message: `the bundle endpoint is not the one that was configured: ${server.url}: ${problem}`,
    });
    expect(server.requests).toEqual([]);
  });

  it("with an untrusted certificate, whatever the environment says", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    onTestFinished(() => void vi.unstubAllEnvs());
    const server = await serve(foreign.tls(), published);
    await expectFailure({ url: server.url }, "bundle_endpoint_untrusted");
    expect(server.requests).toEqual([]);
  });

  it("that only the public authorities could vouch for, when there is a private PKI", async () => {
    const server = await serve(webTls, published);
    await expectFailure({ url: server.url, profile: "https_web" }, "bundle_endpoint_untrusted");
  });

  it("TB-022 with an X.509-SVID of the trust domain itself", async () => {
    const server = await serve(await tlsOf(partner, "/spire/server"), published);
    const initialBundle = await partner.bundle();
    const endpoint = await open({ url: server.url, initialBundle });
    expect(endpoint.state).toMatchObject({
      status: "stale",
      reason: { code: "bundle_endpoint_untrusted" },
    });
    expect(server.requests).toEqual([]);
  });
});

describe("openBundleEndpoint refuses a SPIFFE server", () => {
  it.each<[title: string, problem: string, tls: () => TlsOptions | Promise<TlsOptions>]>([
    ["with another SPIFFE ID", "peer_unexpected", () => tlsOf(partner, "/web")],
    ["of another trust domain", "peer_unexpected", () => tlsOf(other, "/spire/server")],
    ["TB-022 with a web certificate for its host", "certificate_uri_missing", () => webTls],
  ])("%s", async (_, problem, tls) => {
    const server = await serve(await tls(), published);
    const [bundle, otherBundle] = await Promise.all([partner.bundle(), other.bundle()]);
    const trust = staticSource({ bundles: [bundle, otherBundle] });
    const profile = { kind: "https_spiffe", id: serverId, trust } as const;
    const { message } = await expectFailure(
      { url: server.url, profile },
      "bundle_endpoint_untrusted",
    );
    expect(message).toContain(problem);
    expect(server.requests).toEqual([]);
  });

  it("with an expired SVID", async () => {
    const server = await serve(await tlsOf(partner, "/spire/server", 60), published);
    const trust = await partner.identity("/web");
    const later = createTestClock(clock.now() + 61_000);
    const profile = { kind: "https_spiffe", id: serverId, trust } as const;
    const options = { url: server.url, profile, clock: later };
    const { message } = await expectFailure(options, "bundle_endpoint_untrusted");
    expect(message).toContain("certificate_expired");
  });

  it("whose authority the trust domain has revoked", async () => {
    const tls = await tlsOf(partner, "/spire/server");
    const server = await serve(tls, published);
    const domain = await createTrustDomain("partner.example", { clock });
    const trust = staticSource({ bundles: [await domain.bundle()] });
    const profile = { kind: "https_spiffe", id: serverId, trust } as const;
    const options = { url: server.url, profile };
    const { message } = await expectFailure(options, "bundle_endpoint_untrusted");
    expect(message).toContain("certificate_untrusted");
  });

  it("for whose trust domain there is no bundle", async () => {
    const server = await serve(await tlsOf(partner, "/spire/server"), published);
    const trust = await other.identity("/web");
    const spiffe = { kind: "https_spiffe", id: serverId, trust } as const;
    await expectFailure({ url: server.url, profile: spiffe }, "bundle_endpoint_untrusted");
  });

  it("while the source of trust is closed", async () => {
    const trust = await open({ url: (await serve(webTls, published)).url });
    await trust.close();
    const server = await serve(await tlsOf(partner, "/spire/server"), published);
    const spiffe = { kind: "https_spiffe", id: serverId, trust } as const;
    const options = { url: server.url, profile: spiffe };
    const { message } = await expectFailure(options, "bundle_endpoint_untrusted");
    expect(message).toContain("trust_unavailable");
  });
});

describe("openBundleEndpoint with redirects", () => {
  const redirect =
    (location: string, status = 302): Answer =>
    (_request, response) =>
      response.writeHead(status, { location }).end();

  it.each([301, 302, 303, 307, 308])("follows status %i to the same origin", async (status) => {
    const server = await serve(webTls, (request, response) =>
      request.url === "/bundle"
        ? redirect("/newest?copy=1", status)(request, response)
        : published(request, response),
    );
    const endpoint = await open({ url: server.url });
    expect(endpoint.state.status).toBe("ready");
    expect(server.requests.map(({ url }) => url)).toEqual(["/bundle", "/newest?copy=1"]);
  });

  it.each<[title: string, location: (port: number, own: number) => string]>([
    ["another port", (port) => `https://localhost:${port}/bundle`],
    ["another name of the host", (_, own) => `https://127.0.0.1:${own}/bundle`],
    ["http:", (_, own) => `http://localhost:${own}/bundle`],
    ["a URL with a user", (_, own) => `https://user@localhost:${own}/bundle`],
    ["a URL that is none of the web", () => "data:application/json,{}"],
  ])("TB-024 does not follow one to %s", async (_, location) => {
    const target = await serve(webTls, published);
    const server = await serve(webTls, (request, response) =>
      redirect(location(target.port, server.port))(request, response),
    );
    await expectFailure({ url: server.url }, "bundle_endpoint_untrusted");
    expect(target.requests).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ["in a circle", redirect("/bundle"), 4],
    ["to nowhere", redirect("https://["), 1],
    ["without a target", ((_, response) => response.writeHead(302).end()) as Answer, 4],
  ])("gives up on one %s", async (_, answer, requests) => {
    const server = await serve(webTls, answer);
    await expectFailure({ url: server.url }, "bundle_endpoint_unreachable");
    expect(server.requests).toHaveLength(requests);
  });
});

describe("openBundleEndpoint refuses an answer", () => {
  const mebibyte = 1024 * 1024;
  const [jwk] = JSON.parse('[{"kty":"oct","k":"AA","use":"jwt-svid","kid":"a"}]');

  it.each<[title: string, code: string, answer: Answer]>([
    ["that is not there", "bundle_endpoint_unreachable", (_, r) => r.writeHead(404).end("{}")],
    ["of a broken server", "bundle_endpoint_unreachable", (_, r) => r.writeHead(500).end("{}")],
    ["without content", "bundle_endpoint_unreachable", (_, r) => r.writeHead(204).end()],
    [
      "that ends early",
      "bundle_endpoint_unreachable",
      (_, r) => r.writeHead(200, { "content-length": 9 }).write("{", () => r.destroy()),
    ],
    ["that never comes", "bundle_endpoint_unreachable", (_, r) => r.destroy()],
    ["that is no HTTP", "bundle_endpoint_unreachable", (q) => q.socket.end("hello\r\n\r\n")],
    ["that is no JSON", "bundle_invalid", document("<html>")],
    ["without keys", "bundle_invalid", document("{}")],
    ["that is empty", "bundle_invalid", document("")],
    ["with keys twice", "bundle_invalid", document('{"keys":[],"keys":[]}')],
    ["with a secret key", "bundle_key_private", document(JSON.stringify({ keys: [jwk] }))],
    [
      "with too many keys",
      "bundle_too_large",
      document(JSON.stringify({ keys: Array(501).fill({}) })),
    ],
    ["over 1 MiB", "bundle_too_large", document(" ".repeat(mebibyte + 1))],
    [
      "without an end",
      "bundle_too_large",
      (_, r) => {
        const more = () => void r.write(" ".repeat(65_536), (error) => error || more());
        more();
      },
    ],
  ])("%s", async (_, code, answer) => {
    const server = await serve(webTls, answer);
    const error = await expectFailure({ url: `${server.url}?token=secret` }, code);
    expect(error.message).toContain(server.url);
    expect(error.message).not.toContain("secret");
  });

  it("of a server that speaks no TLS", async () => {
    const server = createPlainServer((_, response) => response.end(partner.bundleDocument()));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    await expectFailure({ url: `https://localhost:${port}/` }, "bundle_endpoint_unreachable");
  });

  it("of nobody", async () => {
    const url = "https://localhost:1/bundle";
    const { message } = await expectFailure({ url }, "bundle_endpoint_unreachable");
    expect(message).toBe(`the bundle endpoint gave no usable answer: ${url}: ECONNREFUSED`);
  });

  it("of nobody at an IPv6 address", async () => {
    const { message } = await expectFailure(
      { url: "https://[::1]:1/" },
      "bundle_endpoint_unreachable",
    );
    expect(message).not.toContain("ENOTFOUND"); // as it would be with the brackets
  });

  it.each<[title: string, answer: Answer]>([
    ["that does not begin", () => undefined],
    ["that does not end", (_, response) => void response.write("{")],
  ])("%s in time", async (_, answer) => {
    const watched = watchDelays(createTestClock());
    const server = await serve(webTls, (request, response) => {
      answer(request, response);
      watched.advance(4000);
    });
    const options = { url: server.url, clock: watched, timeoutMilliseconds: 4000 };
    const { message } = await expectFailure(options, "bundle_endpoint_unreachable");
    expect(message).toContain("no answer in 4000 ms");
    expect(watched.pendingDelays()).toEqual([]);
  });
});

async function expectFailure(
  options: Partial<BundleEndpointOptions>,
  code: string,
): Promise<Error> {
  const error = await open(options).then(
    () => expect.fail("it opened"),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: "CredentialError", code });
  return error as Error;
}
