import { createServer as createPlainServer } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import {
  formatTrustBundle,
  parseTrustBundle,
  parseX509Bundle,
  staticSource,
  type TrustBundle,
  type WorkloadIdentity,
} from "@firsthand/core";
import { createTestClock, createTrustDomain } from "@firsthand/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { HeldIdentity } from "../identity/held-identity.js";
import { IdentityHolder } from "../identity/identity-holder.js";
import { openBundleEndpoint } from "./bundle-endpoint.js";
import { type BundleHandlerOptions, bundleHandler } from "./bundle-handler.js";
import { createWebPki, serve, watchDelays } from "./endpoint-server.test-support.js";
import { spiffeTlsServer } from "./spiffe-tls-server.js";

const clock = createTestClock(Date.now());
const domain = await createTrustDomain("home.example", { clock });
const partner = await createTrustDomain("partner.example", { clock });
const { credential } = await domain.issueX509Svid("/web");

/** Serves what `bundleHandler` makes over plain HTTP, and fetches from it. */
async function serveBundle(identity: WorkloadIdentity, options: BundleHandlerOptions = {}) {
  const server = createPlainServer(bundleHandler(identity, { clock, ...options }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return (init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}/any/path?at=all`, init);
}

/** An identity without credentials whose one bundle can be exchanged. */
function holding(first: TrustBundle) {
  let bundle = first;
  const identity: WorkloadIdentity = {
    credentials: () => [credential],
    trustBundle: (name) => (name === bundle.trustDomain ? bundle : undefined),
  };
  return {
    identity,
    replace(next: TrustBundle) {
      bundle = next;
    },
  };
}

/** A bundle as the Workload API delivers it: without a sequence. */
const x509Bundle = () => parseX509Bundle("home.example", domain.authorities.x509.root.certificate);

describe("bundleHandler", () => {
  it("serves the bundle of our own trust domain", async () => {
    const ask = await serveBundle(await domain.identity("/web"));
    const response = await ask();
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    const text = await response.text();
    expect(response.headers.get("content-length")).toBe(String(text.length));
    const served = await parseTrustBundle("home.example", text);
    expect(served).toMatchObject({ sequence: 1, refreshHintSeconds: 300 });
    expect(await formatTrustBundle(served)).toBe(await formatTrustBundle(await domain.bundle()));
  });

  it("serves the bundle of another trust domain when it is told to, with another hint", async () => {
    const bundles = [await domain.bundle(), await partner.bundle()];
    const options = { trustDomain: "partner.example", refreshHintSeconds: 60 };
    const ask = await serveBundle(staticSource({ bundles }), options);
    const served = await parseTrustBundle("partner.example", await (await ask()).text());
    const expected = { ...(await partner.bundle()), refreshHintSeconds: 60 };
    expect(await formatTrustBundle(served)).toBe(await formatTrustBundle(expected));
  });

  it("answers HEAD without content", async () => {
    const ask = await serveBundle(await domain.identity("/web"));
    const [get, head] = [await ask(), await ask({ method: "HEAD" })];
    expect(head.status).toBe(200);
    expect(head.headers.get("content-length")).toBe(get.headers.get("content-length"));
    expect(await head.text()).toBe("");
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("does not answer %s", async (method) => {
    const ask = await serveBundle(await domain.identity("/web"));
    const response = await ask({ method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
    expect(await response.text()).toBe("");
  });

  it("counts by time where the source does not count, and up in any case", async () => {
    const { identity, replace } = holding(await x509Bundle());
    const ask = await serveBundle(identity);
    const sequence = async () => JSON.parse(await (await ask()).text()).spiffe_sequence;
    const first = clock.now();
    expect(await sequence()).toBe(first);
    clock.advance(1000);
    expect(await sequence()).toBe(first);
    replace(await x509Bundle());
    expect(await sequence()).toBe(first + 1000);
    clock.stepWallClock(-3600);
    replace(await x509Bundle());
    expect(await sequence()).toBe(first + 1001);
    clock.stepWallClock(3600);
  });

  it("serves each reader the bundle of its time", async () => {
    const { identity, replace } = holding(await x509Bundle());
    const ask = await serveBundle(identity);
    const asked = [ask(), ask()];
    const texts = await Promise.all(asked.map(async (answer) => (await answer).text()));
    expect(texts[0]).toBe(texts[1]);
    replace(await partner.bundle());
    expect((await ask()).status).toBe(503);
  });

  it("is not available while there is no bundle", async () => {
    const holder = new IdentityHolder({ credentials: [credential], bundles: new Map() }, clock);
    const identity = new HeldIdentity(holder, async () => undefined);
    const ask = await serveBundle(identity);
    await identity.close();
    const response = await ask();
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("300");
    expect(await response.text()).toBe("");
  });

  it("does not hide what it does not know", async () => {
    const broken = {
      credentials: () => [credential],
      trustBundle: () => expect.fail("broken"),
    };
    const serveOne = bundleHandler(broken);
    const response = { writeHead: () => expect.fail("answered"), end: () => undefined };
    await expect(serveOne({ method: "GET" }, response)).rejects.toThrow("broken");
  });

  it.each<[title: string, options: object, option: string]>([
    ["a SPIFFE ID for a trust domain", { trustDomain: "spiffe://home.example" }, "trustDomain"],
    ["no trust domain without a credential", {}, "trustDomain"],
    ["a hint of a second", { refreshHintSeconds: 1 }, "refreshHintSeconds"],
    ["a misspelt option", { refreshHint: 300 }, "refreshHint"],
    ["a promise of an identity", { identity: Promise.resolve() }, "identity"],
  ])("refuses %s", (_, options, option) => {
    const { identity = staticSource({ bundles: [] }), ...rest } = options as {
      identity?: WorkloadIdentity;
    };
    expect(() => bundleHandler(identity, rest)).toThrow(
      expect.objectContaining({ name: "ConfigurationError", code: "option_invalid", option }),
    );
  });
});

describe("a bundle served over TLS", () => {
  const profile = { kind: "https_spiffe", id: "spiffe://home.example/bundles" } as const;

  const serveSpiffe = (identity: WorkloadIdentity) =>
    serve(
      (listener) => spiffeTlsServer((tls) => createServer(tls, listener), { identity, clock }),
      bundleHandler(identity, { clock }),
    );

  async function open(url: string, options: object) {
    const watched = watchDelays(clock);
    const endpoint = await openBundleEndpoint({
      trustDomain: "home.example",
      url,
      profile,
      clock: watched,
      ...options,
    });
    onTestFinished(() => endpoint.close());
    return { endpoint, watched };
  }

  it("is fetched by https_web", async () => {
    const web = createWebPki();
    const handler = bundleHandler(await domain.identity("/web"));
    const server = await serve(web.tls(), handler);
    const { endpoint } = await open(server.url, { profile: { kind: "https_web", ca: web.ca } });
    const served = endpoint.trustBundle(domain.name) as TrustBundle;
    expect(await formatTrustBundle(served)).toBe(await formatTrustBundle(await domain.bundle()));
  });

  it("is fetched by https_spiffe, with the credential and the bundle of the moment", async () => {
    const own = await createTrustDomain("home.example", { clock });
    const [keys, trust] = [await own.identity("/bundles"), await own.identity("/bundles")];
    const server = await serveSpiffe({
      credentials: () => keys.credentials(),
      trustBundle: (name) => trust.trustBundle(name),
    });
    const { endpoint, watched } = await open(server.url, { initialBundle: await own.bundle() });
    expect(endpoint.state).toMatchObject({ status: "ready" });
    for (let round = 2; round < 5; round++) {
      await keys.renew(); // by authorities that were published the round before
      await own.rotateAuthorities();
      await trust.renew();
      await watched.pass(300);
      expect(endpoint.state).toMatchObject({ status: "ready", updatedAt: clock.now() });
      expect(endpoint.trustBundle(own.name)?.sequence).toBe(round);
    }
  });
});
