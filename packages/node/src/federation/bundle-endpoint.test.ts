import { once } from "node:events";
import { createServer } from "node:https";
import type { TrustBundle } from "@firsthand/core";
import { createTestClock, createTrustDomain } from "@firsthand/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import type { EndpointState } from "../endpoint/endpoint-state.js";
import { type BundleEndpoint, openBundleEndpoint } from "./bundle-endpoint.js";
import type { BundleEndpointOptions } from "./bundle-endpoint-options.js";
import {
  createWebPki,
  document,
  type EndpointServer,
  serve,
  watchDelays,
} from "./endpoint-server.test-support.js";

const web = createWebPki();
const webTls = web.tls();
const usual = 300;

/** A trust domain, its endpoint and somebody who asks it, with time that stands still. */
async function createScene(options: Partial<BundleEndpointOptions> = {}) {
  const clock = watchDelays(createTestClock(Date.now()));
  const domain = await createTrustDomain("partner.example", { clock });
  const server = await serve(
    webTls,
    document(() => domain.bundleDocument()),
  );
  const endpoint = await open(server, { clock, ...options });
  return { clock, domain, server, endpoint, published: JSON.parse(domain.bundleDocument()) };
}

async function open(
  server: EndpointServer,
  options: Partial<BundleEndpointOptions>,
): Promise<BundleEndpoint> {
  const endpoint = await openBundleEndpoint({
    trustDomain: "partner.example",
    url: server.url,
    profile: { kind: "https_web", ca: web.ca },
    ...options,
  });
  onTestFinished(() => endpoint.close());
  return endpoint;
}

const held = (endpoint: BundleEndpoint) => endpoint.trustBundle(endpoint.trustDomain);
const down = (_: unknown, response: { destroy(): unknown }) => response.destroy();

/** Notes what listeners are told. */
function statesOf(endpoint: BundleEndpoint): readonly EndpointState[] {
  const states: EndpointState[] = [];
  endpoint.subscribe((state) => states.push(state));
  return states;
}

describe("a bundle endpoint", () => {
  it.each<[title: string, hint: number | undefined, options: object, seconds: number]>([
    ["as often as the bundle says", 60, {}, 60],
    ["every five minutes, when the bundle does not say", undefined, {}, 300],
    ["no more often than every ten seconds", 1, { timeoutMilliseconds: 9000 }, 10],
    ["no less often than every day", 2_419_200, {}, 86_400],
    ["as often as it was configured", 60, { refreshSeconds: 3600 }, 3600],
    ["three times before the bundle is too old", 3600, { maxStaleSeconds: 900 }, 300],
    ["three times, whatever was configured", 1, { refreshSeconds: 60, maxStaleSeconds: 90 }, 30],
  ])("is asked %s", async (_, hint, options, seconds) => {
    const clock = watchDelays(createTestClock());
    const answer = document(JSON.stringify({ keys: [], spiffe_refresh_hint: hint }));
    const server = await serve(webTls, answer);
    await open(server, { clock, ...options });
    expect(clock.pendingDelays()[0]).toBe(seconds * 1000);
    await clock.pass(seconds);
    expect(server.requests).toHaveLength(2);
  });

  it("is asked as often as the newest bundle says, even when nothing else is new", async () => {
    const { clock, server, published } = await createScene();
    server.answer = document(JSON.stringify({ ...published, spiffe_refresh_hint: 60 }));
    clock.advance({ seconds: usual });
    await clock.waitFor(60);
    expect(clock.pendingDelays()[0]).toBe(60_000);
  });

  it("keeps the same bundle while nothing changes, and tells nobody", async () => {
    const { clock, endpoint, server, published } = await createScene();
    const [before, states] = [held(endpoint), statesOf(endpoint)];
    await clock.pass(usual);
    server.answer = document(JSON.stringify({ ...published, keys: published.keys.toReversed() }));
    await clock.pass(usual);
    expect(server.requests).toHaveLength(3);
    expect(held(endpoint)).toBe(before);
    expect(states).toEqual([]);
    expect(endpoint.state).toMatchObject({
      since: clock.now() - 600_000,
      updatedAt: clock.now(),
    });
  });

  it("has a new bundle when authorities change, and tells so", async () => {
    const { clock, domain, endpoint } = await createScene();
    const [before, states] = [held(endpoint), statesOf(endpoint)];
    await domain.rotateAuthorities();
    await clock.pass(usual);
    expect(held(endpoint)).not.toBe(before);
    expect(held(endpoint)?.x509Authorities).toHaveLength(2);
    expect(states).toEqual([endpoint.state]);
    domain.revokeOldAuthorities();
    await clock.pass(usual);
    expect(held(endpoint)?.x509Authorities).toHaveLength(1);
    expect(held(endpoint)?.sequence).toBe(3);
    expect(before?.x509Authorities).toHaveLength(1);
  });

  it("does not remember a redirect", async () => {
    const { clock, domain, server } = await createScene();
    server.answer = (request, response) => {
      if (request.url === "/bundle") response.writeHead(302, { location: "/copy" }).end();
      else document(domain.bundleDocument())(request, response);
    };
    await clock.pass(usual);
    await clock.pass(usual);
    const [, ...later] = server.requests.map(({ url }) => url);
    expect(later).toEqual(["/bundle", "/copy", "/bundle", "/copy"]);
  });
});

describe("a bundle endpoint that serves an old bundle", () => {
  type Document = { readonly keys: readonly object[]; readonly spiffe_sequence?: number };

  const others = (change: object) => (newest: Document) => ({
    ...newest,
    keys: newest.keys.slice(1),
    ...change,
  });

  it.each<[title: string, change: (newest: Document) => object]>([
    ["with a lower sequence", others({ spiffe_sequence: 1 })],
    ["with the same sequence", others({})],
    ["without a sequence", others({ spiffe_sequence: undefined })],
    ["in which everything is revoked", () => ({ keys: [] })],
  ])("is not believed: other keys %s", async (_, change) => {
    const { clock, domain, endpoint, server } = await createScene();
    await domain.rotateAuthorities();
    await clock.pass(usual);
    const [newest, states] = [held(endpoint), statesOf(endpoint)];
    server.answer = document(JSON.stringify(change(JSON.parse(domain.bundleDocument()))));
    await clock.pass(usual);
    expect(held(endpoint)).toBe(newest);
    expect(states).toHaveLength(1);
    expect(endpoint.state).toMatchObject({
      status: "stale",
      reason: {
        code: "bundle_rollback",
        message: `the trust bundle has other authorities and no higher sequence than the one that is held: ${server.url}`,
      },
      since: clock.now(),
      updatedAt: clock.now() - usual * 1000,
    });
  });

  it.each<[title: string, sequence: number | undefined]>([
    ["a lower", 1],
    ["the same", 2],
    ["no", undefined],
  ])("is good when it has the same keys, with %s sequence", async (_, sequence) => {
    const { clock, domain, endpoint, server } = await createScene();
    await domain.rotateAuthorities();
    await clock.pass(usual);
    const newest = held(endpoint);
    const { keys } = JSON.parse(domain.bundleDocument());
    server.answer = document(JSON.stringify({ keys, spiffe_sequence: sequence }));
    await clock.pass(usual);
    expect(endpoint.state).toMatchObject({ status: "ready", updatedAt: clock.now() });
    expect(held(endpoint)).toBe(newest);
  });

  it("is not believed after a higher sequence for the same keys", async () => {
    const { clock, endpoint, server, published } = await createScene();
    server.answer = document(JSON.stringify({ ...published, spiffe_sequence: 9 }));
    await clock.pass(usual);
    expect(held(endpoint)?.sequence).toBe(9);
    server.answer = document(JSON.stringify({ keys: [], spiffe_sequence: 8 }));
    await clock.pass(usual);
    expect(endpoint.state.reason?.code).toBe("bundle_rollback");
  });

  it("cannot be told when the one before had no sequence: the latest is good", async () => {
    const { clock, endpoint: first, server, published } = await createScene();
    await first.close();
    server.answer = document(JSON.stringify({ keys: published.keys }));
    const endpoint = await open(server, { clock });
    server.answer = document(JSON.stringify({ keys: [] }));
    await clock.pass(usual);
    expect(held(endpoint)?.x509Authorities).toEqual([]);
    server.answer = document(JSON.stringify(published));
    await clock.pass(usual);
    expect(held(endpoint)?.sequence).toBe(1);
  });
});

describe("a bundle endpoint in trouble", () => {
  it("keeps the last good bundle, and waits for the next time to ask", async () => {
    const { clock, endpoint, server } = await createScene();
    const [before, states] = [held(endpoint), statesOf(endpoint)];
    const { updatedAt } = endpoint.state;
    server.answer = down;
    await clock.pass(usual);
    expect(held(endpoint)).toBe(before);
    const since = clock.now();
    expect(endpoint.state).toMatchObject({
      status: "stale",
      reason: { code: "bundle_endpoint_unreachable" },
      since,
      updatedAt,
    });
    expect(server.requests).toHaveLength(2);
    await clock.pass(usual);
    expect(endpoint.state).toMatchObject({ status: "stale", since, updatedAt });
    expect(server.requests).toHaveLength(3);
    expect(states).toHaveLength(1);
  });

  it("tells when its trouble becomes another", async () => {
    const { clock, endpoint, server } = await createScene();
    const states = statesOf(endpoint);
    server.answer = down;
    await clock.pass(usual);
    server.answer = document("{}");
    await clock.pass(usual);
    expect(states.map(({ reason }) => reason?.code)).toEqual([
      "bundle_endpoint_unreachable",
      "bundle_invalid",
    ]);
  });

  it("is good again after a good answer", async () => {
    const { clock, endpoint, server, published } = await createScene();
    const [before, states] = [held(endpoint), statesOf(endpoint)];
    server.answer = down;
    await clock.pass(usual);
    server.answer = document(JSON.stringify(published));
    await clock.pass(usual);
    expect(states.map(({ status }) => status)).toEqual(["stale", "ready"]);
    expect(endpoint.state).toMatchObject({ reason: undefined, since: clock.now() });
    expect(held(endpoint)).toBe(before);
  });

  it("is not trusted any more when it lasts too long, until it is good again", async () => {
    const { clock, endpoint, server, published } = await createScene({ maxStaleSeconds: 900 });
    const states = statesOf(endpoint);
    server.answer = down;
    await clock.pass(usual);
    await clock.pass(usual);
    const third = clock.waitFor(usual);
    clock.advance({ seconds: usual - 1 });
    expect(held(endpoint)).toBeDefined();
    clock.advance({ seconds: 1 });
    await third;
    expect(() => held(endpoint)).toThrow(
      expect.objectContaining({
        name: "CredentialError",
        code: "source_expired",
        cause: endpoint.state.reason,
        message: expect.stringContaining(server.url),
      }),
    );
    expect(endpoint.state).toMatchObject({
      status: "expired",
      reason: { code: "bundle_endpoint_unreachable" },
      since: clock.now(),
    });
    await clock.pass(usual);
    expect(endpoint.state.status).toBe("expired");
    server.answer = document(JSON.stringify(published));
    await clock.pass(usual);
    expect(held(endpoint)?.x509Authorities).toHaveLength(1);
    expect(states.map(({ status }) => status)).toEqual(["stale", "expired", "ready"]);
  });

  it("does not age while the endpoint confirms its bundle", async () => {
    const { clock, endpoint } = await createScene({ maxStaleSeconds: 900 });
    const states = statesOf(endpoint);
    for (let at = 0; at < 4; at++) await clock.pass(usual);
    expect(endpoint.state).toMatchObject({ status: "ready", updatedAt: clock.now() });
    expect(states).toEqual([]);
  });

  it("does not age by the wall clock", async () => {
    const { clock, endpoint } = await createScene();
    clock.stepWallClock(30 * 86_400);
    await clock.pass(usual);
    expect(endpoint.state.status).toBe("ready");
  });

  it("reports a listener that throws, and tells the others", async () => {
    const { clock, endpoint, server } = await createScene();
    const failures = [new Error("first"), "second"];
    for (const failure of failures) {
      endpoint.subscribe(() => {
        throw failure;
      });
    }
    const states = statesOf(endpoint);
    const warnings: string[] = [];
    const note = ({ message }: Error) => void warnings.push(message);
    process.on("warning", note);
    onTestFinished(() => void process.off("warning", note));
    server.answer = down;
    const warned = once(process, "warning");
    await clock.pass(usual);
    await warned;
    expect(states).toHaveLength(1);
    expect(warnings).toEqual([
      "a listener of a bundle endpoint threw: first",
      "a listener of a bundle endpoint threw: second",
    ]);
  });

  it("tells nothing to who has unsubscribed", async () => {
    const { clock, endpoint, server } = await createScene();
    const states: EndpointState[] = [];
    const listener = (state: EndpointState) => void states.push(state);
    const unsubscribe = endpoint.subscribe(listener);
    endpoint.subscribe(listener);
    unsubscribe();
    server.answer = down;
    await clock.pass(usual);
    expect(states).toHaveLength(1);
  });
});

describe("an initial bundle", () => {
  it("is in use while the endpoint is down, and makes way", async () => {
    const { clock, domain, server } = await createScene({ refreshSeconds: 600 });
    const initialBundle = await domain.bundle();
    await domain.rotateAuthorities();
    const { answer } = server;
    server.answer = down;
    const endpoint = await open(server, { clock, initialBundle });
    expect(held(endpoint)).toBe(initialBundle);
    expect(endpoint.state).toMatchObject({
      status: "stale",
      reason: { code: "bundle_endpoint_unreachable" },
    });
    server.answer = answer;
    await clock.pass(usual);
    expect(endpoint.state.status).toBe("ready");
    expect(held(endpoint)?.x509Authorities).toHaveLength(2);
  });

  it("stays the same object when the endpoint has the same", async () => {
    const { clock, domain, server } = await createScene();
    const initialBundle = await domain.bundle();
    const endpoint = await open(server, { clock, initialBundle });
    expect(endpoint.state.status).toBe("ready");
    expect(held(endpoint)).toBe(initialBundle);
  });

  it("is not taken back by an older one", async () => {
    const { clock, domain, server, published } = await createScene();
    await domain.rotateAuthorities();
    const initialBundle = await domain.bundle();
    server.answer = document(JSON.stringify(published));
    const endpoint = await open(server, { clock, initialBundle });
    expect(endpoint.state).toMatchObject({ status: "stale", reason: { code: "bundle_rollback" } });
    expect(held(endpoint)).toBe(initialBundle);
  });
});

describe("an endpoint that vouches for itself", () => {
  async function createSelfServing() {
    const clock = watchDelays(createTestClock(Date.now()));
    const domain = await createTrustDomain("partner.example", { clock });
    const initialBundle: TrustBundle = await domain.bundle();
    const tls = async () => {
      const { chainPem, privateKeyPem } = await domain.issueX509Svid("/spire/server");
      return { cert: chainPem, key: privateKeyPem };
    };
    const context = await tls();
    let renew: (next: typeof context) => void = () => expect.fail("no server");
    const server = await serve(
      (listener) => {
        const created = createServer(context, listener);
        renew = (next) => created.setSecureContext(next);
        return created;
      },
      document(() => domain.bundleDocument()),
    );
    const endpoint = await open(server, {
      clock,
      initialBundle,
      maxStaleSeconds: 900,
      profile: { kind: "https_spiffe", id: "spiffe://partner.example/spire/server" },
    });
    return { clock, domain, server, endpoint, renew: async () => renew(await tls()) };
  }

  it("is known by the newest bundle that it served", async () => {
    const { clock, domain, endpoint, renew } = await createSelfServing();
    await domain.rotateAuthorities();
    await clock.pass(usual);
    await renew();
    domain.revokeOldAuthorities();
    await clock.pass(usual);
    await clock.pass(usual);
    expect(endpoint.state.status).toBe("ready");
    expect(held(endpoint)?.sequence).toBe(3);
  });

  it("is not known by an authority that was never in its bundle", async () => {
    const { clock, domain, endpoint, renew, server } = await createSelfServing();
    await domain.rotateAuthorities();
    domain.revokeOldAuthorities();
    await renew();
    await clock.pass(usual);
    expect(endpoint.state).toMatchObject({
      status: "stale",
      reason: { code: "bundle_endpoint_untrusted" },
    });
    expect(endpoint.state.reason?.message).toContain("certificate_untrusted");
    expect(server.requests).toHaveLength(1);
  });

  it("is known by its old bundle even when that is too old for anything else", async () => {
    const { clock, endpoint, server } = await createSelfServing();
    const { answer } = server;
    server.answer = down;
    for (let at = 0; at < 3; at++) await clock.pass(usual);
    expect(endpoint.state.status).toBe("expired");
    server.answer = answer;
    await clock.pass(usual);
    expect(endpoint.state.status).toBe("ready");
  });
});

describe("closing a bundle endpoint", () => {
  it("ends it, and tells so", async () => {
    const { clock, endpoint } = await createScene();
    const states = statesOf(endpoint);
    await endpoint.close();
    await endpoint.close();
    expect(() => held(endpoint)).toThrow(expect.objectContaining({ code: "source_closed" }));
    expect(clock.pendingDelays()).toEqual([]);
    expect(states).toHaveLength(1);
    expect(endpoint.state).toMatchObject({ status: "expired", reason: { code: "source_closed" } });
  });

  it("gives up what is under way", async () => {
    const { clock, endpoint, server } = await createScene();
    const states = statesOf(endpoint);
    const asked = new Promise<void>((resolve) => {
      server.answer = () => resolve();
    });
    clock.advance({ seconds: usual });
    await asked;
    await endpoint.close();
    expect(clock.pendingDelays()).toEqual([]);
    expect(states.map(({ reason }) => reason?.code)).toEqual(["source_closed"]);
  });

  it("happens at the end of a block", async () => {
    const { clock, server } = await createScene();
    let opened: BundleEndpoint;
    {
      await using endpoint = await open(server, { clock });
      opened = endpoint;
      expect(opened.state.status).toBe("ready");
    }
    expect(() => held(opened)).toThrow(expect.objectContaining({ code: "source_closed" }));
  });
});
