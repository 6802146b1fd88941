import { Readable, Writable } from "node:stream";
import {
  Agent,
  Client,
  type Dispatcher,
  interceptors,
  fetch as undiciFetch,
  request as undiciRequest,
  stream as undiciStream,
} from "undici";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { proveRequests } from "../src/undici/index.js";
import { bodyCases, formCases } from "./bodies.js";
import { header, headerValues, startServer } from "./recording-server.js";
import {
  bindingsOf,
  checkoutIdentity,
  claimsOf,
  expectCode,
  expectProved,
  hash,
  knowing,
  rememberingGuard,
  serverCa,
  serverTls,
  verify,
} from "./shop.js";

type Interceptor = Dispatcher.DispatcherComposeInterceptor;

function agentOf(options?: Agent.Options): Agent {
  const agent = new Agent(options);
  onTestFinished(() => agent.destroy());
  return agent;
}

/** An agent that proves to these origins, with further interceptors outside of that. */
function provingAgent(origins: string | string[], ...outside: Interceptor[]): Dispatcher {
  const prove = proveRequests(knowing(...[origins].flat()));
  return agentOf().compose(prove, ...outside);
}

/** Options that undici's types do not know or forbid. */
const post = (more: object) => ({ method: "POST" as const, ...more }) as { method: "POST" };

describe("proveRequests", () => {
  it("proves a request of each function of undici", async () => {
    const { origin, requests } = await startServer();
    const dispatcher = provingAgent(origin);
    const url = `${origin}/orders/%7Ejoe?dry=1`;
    await undiciRequest(url, { dispatcher, method: "POST", body: "abc" });
    await undiciFetch(url, { dispatcher, method: "POST", body: "abc" });
    await globalThis.fetch(url, post({ dispatcher, body: "abc" }));
    const sink = { dispatcher, method: "POST" as const, body: "abc", opaque: undefined };
    await undiciStream(
      url,
      sink,
      () => new Writable({ write: (_chunk, _encoding, done) => done() }),
    );
    const viaPath = { origin, path: "/orders/%7Ejoe?dry=1", method: "POST" as const, body: "abc" };
    await dispatcher.request(viaPath);
    expect(requests).toHaveLength(5);
    for (const request of requests) {
      await expectProved(request, origin);
      expect(bindingsOf(request)).toEqual(bindingsOf(requests[0]));
    }
    expect(new Set(requests.map((request) => claimsOf(request).jti)).size).toBe(5);
  });

  it.each(bodyCases)("FW-004 binds the bytes of a body given as $name", async (row) => {
    const { origin, requests } = await startServer();
    const dispatcher = provingAgent(origin);
    await undiciRequest(`${origin}/`, post({ dispatcher, body: row.body() }));
    const headers = { "Content-Type": "x/y" };
    await undiciRequest(`${origin}/`, post({ dispatcher, body: row.body(), headers }));
    expect(requests.map(({ body }) => body)).toEqual([row.bytes, row.bytes]);
    for (const request of requests) {
      await expectProved(request, origin);
      expect(claimsOf(request).htb).toBe(hash(row.bytes));
      expect(header(request, "content-length")).toBe(String(row.bytes.length));
    }
    expect(headerValues(requests[1], "content-type")).toEqual(["x/y"]);
  });

  it("adds a content type where undici does: for a Blob, and for a string not", async () => {
    const { origin, requests } = await startServer();
    const dispatcher = provingAgent(origin);
    const blob = new Blob(["x"], { type: "image/png" });
    await undiciRequest(origin, post({ dispatcher, body: blob }));
    await undiciRequest(origin, post({ dispatcher, body: "{}" }));
    const types = requests.map((request) => headerValues(request, "content-type"));
    expect(types).toEqual([["image/png"], []]);
  });

  it.each(formCases)("FW-004 binds the boundary chosen for a $name", async ({ create }) => {
    const { origin, requests } = await startServer();
    await undiciRequest(origin, post({ dispatcher: provingAgent(origin), body: create() }));
    const [request] = requests;
    await expectProved(request, origin);
    const headers = { "content-type": header(request, "content-type") };
    const received = await new Response(request?.body, { headers }).formData();
    expect((received.get("file") as File).name).toBe("pic.png");
  });

  it("claims no content for an empty body and for none", async () => {
    const { origin, requests } = await startServer();
    const dispatcher = provingAgent(origin);
    await undiciRequest(origin, post({ dispatcher, body: "" }));
    await undiciRequest(origin, post({ dispatcher, body: null }));
    await undiciRequest(origin, post({ dispatcher }));
    await undiciRequest(origin, { dispatcher });
    expect(requests).toHaveLength(4);
    for (const request of requests) await expectProved(request, origin);
  });

  it("FW-013 refuses a stream above the limit, and stops reading there", async () => {
    const { origin, requests } = await startServer();
    const prove = proveRequests({ ...knowing(origin), contentLimitBytes: 8 });
    const dispatcher = agentOf().compose(prove);
    const read = vi.fn(function read(this: Readable) {
      this.push("1234");
    });
    const body = new Readable({ read, highWaterMark: 4 });
    const sent = undiciRequest(origin, { dispatcher, method: "POST", body });
    await expectCode(sent, "body_too_large");
    expect(body.destroyed).toBe(true);
    expect(read.mock.calls.length).toBeLessThan(6);
    expect(requests).toHaveLength(0);
    await undiciRequest(origin, { dispatcher, method: "POST", body: Readable.from(["12345678"]) });
    await expectProved(requests[0], origin);
  });

  const pairs = [
    ["X-A", "1"],
    ["x-b", "2"],
  ];
  it.each([
    ["a flat list", pairs.flat()],
    ["a list of pairs", pairs],
    ["a record", Object.fromEntries(pairs)],
    ["a Map", new Map(pairs as [string, string][])],
    ["Headers", new Headers(pairs as [string, string][])],
    ["values that are absent", { "X-A": "1", "x-b": "2", "x-c": undefined }],
    ["a list of values", { "X-A": ["1"], "x-b": ["2"] }],
    ["a number", { "X-A": 1, "x-b": "2" }],
  ])("takes headers as %s", async (_, headers) => {
    const { origin, requests } = await startServer();
    const dispatcher = provingAgent(origin);
    await undiciRequest(origin, post({ dispatcher, headers }));
    await expectProved(requests[0], origin);
    expect([header(requests[0], "x-a"), header(requests[0], "x-b")]).toEqual(["1", "2"]);
    expect(headerValues(requests[0], "x-c")).toEqual([]);
  });

  it("keeps repeated and empty values, and binds a bearer token in any shape", async () => {
    const { origin, requests } = await startServer();
    const dispatcher = provingAgent(origin);
    const headers = { "x-a": ["1", "2"], "x-empty": null, Authorization: ["Bearer abc"] };
    await undiciRequest(origin, post({ dispatcher, headers }));
    expect(headerValues(requests[0], "x-a")).toEqual(["1", "2"]);
    expect(header(requests[0], "x-empty")).toBe("");
    expect(claimsOf(requests[0]).ath).toBe(hash("abc"));
    await expectProved(requests[0], origin);
  });

  it.each([
    ["a flat list", ["SVID-PROOF", "mine"]],
    ["a record", { "svid-proof": "mine" }],
    ["pairs", [["svid-proof", "mine"]]],
  ])("refuses a proof header of the caller in %s", async (_, headers) => {
    const { origin, requests } = await startServer();
    const sent = undiciRequest(origin, post({ dispatcher: provingAgent(origin), headers }));
    await expectCode(sent, "header_conflict");
    expect(requests).toHaveLength(0);
  });

  it("binds further token headers in any shape", async () => {
    const { origin, requests } = await startServer();
    const tokenHeaders = ["x-token", "svid-proof"];
    const prove = proveRequests({ ...knowing(origin), tokenHeaders });
    const dispatcher = agentOf().compose(prove);
    const send = (headers: object) => undiciRequest(origin, post({ dispatcher, headers }));
    await send({ "X-Token": null });
    await send({ "X-Token": ["a"], "SVID-Proof": undefined });
    expect(claimsOf(requests[0]).oth).toEqual({ "x-token": hash("") });
    expect(claimsOf(requests[1]).oth).toEqual({ "x-token": hash("a") });
    await expectCode(send({ "x-token": ["a", "b"] }), "header_conflict");
    expect(requests).toHaveLength(2);
  });

  it("leaves it to undici to refuse a malformed header", async () => {
    const { origin, requests } = await startServer();
    const dispatcher = provingAgent(origin);
    const headers = { "x-a": { not: "text" } };
    const sent = undiciRequest(origin, post({ dispatcher, headers }));
    await expectCode(sent, "UND_ERR_INVALID_ARG");
    expect(requests).toHaveLength(0);
  });

  it.each([
    ["/a", { b: "1 2", c: ["3", "4"] }, "/a?b=1%202&c=3&c=4"],
    ["/a", {}, "/a"],
    ["/a?", undefined, "/a"],
    ["/a#x", undefined, "/a"],
    ["/a/../b", undefined, "/b"],
    ["//evil.test/x", undefined, "//evil.test/x"],
    ["/@evil.test/x", undefined, "/@evil.test/x"],
    ["/a?q='\"'", undefined, "/a?q=%27%22%27"],
  ])("sends the path %s with query %j as it is proved", async (path, query, target) => {
    const { origin, requests } = await startServer();
    const options = { origin, path, method: "GET" as const, ...(query && { query }) };
    await provingAgent(origin).request(options);
    expect(requests[0]?.target).toBe(target);
    await expectProved(requests[0], origin);
  });

  it.each([
    ["without a slash", { path: "a" }],
    ["of another origin", { path: "http://evil.test/" }],
    ["that moves the origin", { path: "@evil.test/" }],
    ["that completes the origin", { origin: "http://local", path: "host/" }],
    ["with two queries", { path: "/a?b", query: { c: 1 } }],
    ["behind an origin with a path", { path: "/", origin: "http://127.0.0.1/a" }],
    ["behind no origin", { path: "/", origin: undefined }],
  ])("refuses a path %s", async (_, target) => {
    const { origin, requests } = await startServer();
    const options = { origin, method: "GET", ...target } as Dispatcher.DispatchOptions;
    const dispatcher = provingAgent([origin, "http://localhost"]);
    await expectCode(dispatchOn(dispatcher, options), "url_invalid");
    expect(requests).toHaveLength(0);
  });

  it("FW-015 refuses user information in an origin", async () => {
    const { origin, requests } = await startServer();
    const withUser = origin.replace("//", "//u:p@");
    const options = { origin: withUser, path: "/", method: "GET" as const };
    await expectCode(dispatchOn(provingAgent(origin), options), "url_invalid");
    expect(requests).toHaveLength(0);
  });

  it("FW-011 sends nothing to an origin that is no peer", async () => {
    const stranger = await startServer();
    const { origin } = await startServer();
    const dispatcher = provingAgent(origin);
    await expectCode(undiciRequest(stranger.origin, { dispatcher }), "peer_unknown");
    expect(stranger.requests).toHaveLength(0);
  });

  it("cannot be used on a client that is asked without an origin", async () => {
    const { origin, requests } = await startServer();
    const client = new Client(origin);
    onTestFinished(() => client.destroy());
    const proving = client.compose(proveRequests(knowing(origin)));
    await expectCode(proving.request({ path: "/", method: "GET" }), "url_invalid");
    expect(requests).toHaveLength(0);
  });

  it("proves each attempt anew inside the retry interceptor", async () => {
    const answers = [503, 503, 200];
    const { origin, requests } = await startServer({
      answer: (response) => response.writeHead(answers.shift() ?? 500).end("done"),
    });
    const retry = interceptors.retry({ minTimeout: 0, methods: ["PUT"] });
    const dispatcher = provingAgent(origin, retry);
    const options = { dispatcher, method: "PUT" as const, body: "abc" };
    const { statusCode, body } = await undiciRequest(origin, options);
    expect([statusCode, await body.text()]).toEqual([200, "done"]);
    expect(requests).toHaveLength(3);
    for (const request of requests) await expectProved(request, origin);
    expect(new Set(requests.map((request) => claimsOf(request).jti)).size).toBe(3);
  });

  it("is not asked again by the retry interceptor after a refusal", async () => {
    const { origin, requests } = await startServer();
    const again = vi.fn((_error, _context, done) => done(null));
    const dispatcher = provingAgent([], interceptors.retry({ retry: again }));
    await expectCode(undiciRequest(origin, { dispatcher }), "peer_unknown");
    expect(again).not.toHaveBeenCalled();
    expect(requests).toHaveLength(0);
  });

  it("FW-006 proves a followed redirect anew for a known peer", async () => {
    const next = await startServer();
    const { origin, requests } = await startServer({
      answer: (response) => response.writeHead(307, { location: `${next.origin}/x?y` }).end(),
    });
    const redirect = interceptors.redirect({ maxRedirections: 3 });
    const dispatcher = provingAgent([origin, next.origin], redirect);
    await undiciRequest(`${origin}/`, { dispatcher, method: "POST", body: "abc" });
    await expectProved(requests[0], origin);
    await expectProved(next.requests[0], next.origin);
    expect(next.requests[0]).toMatchObject({ target: "/x?y", method: "POST" });
    expect(claimsOf(next.requests[0]).jti).not.toBe(claimsOf(requests[0]).jti);
  });

  it("FW-006 sends no header to a stranger whom a redirect names", async () => {
    const evil = await startServer();
    const { origin, requests } = await startServer({
      answer: (response) => response.writeHead(302, { location: `${evil.origin}/take` }).end(),
    });
    const redirect = interceptors.redirect({ maxRedirections: 3 });
    const dispatcher = provingAgent(origin, redirect);
    await expectCode(undiciRequest(origin, { dispatcher }), "peer_unknown");
    expect(requests).toHaveLength(1);
    expect(evil.requests).toHaveLength(0);
  });

  it("FW-007 proves a redirect within the origin for its own target", async () => {
    const { origin, requests } = await startServer({
      answer: (response, { target }) => {
        if (target === "/") response.writeHead(307, { location: "/v1/other" });
        response.end();
      },
    });
    const redirect = interceptors.redirect({ maxRedirections: 3 });
    await undiciRequest(`${origin}/`, { dispatcher: provingAgent(origin, redirect) });
    expect(requests.map((request) => claimsOf(request).aud)).toEqual([
      `${origin}/`,
      `${origin}/v1/other`,
    ]);
  });

  it("FW-002 follows no redirect itself", async () => {
    const { origin, requests } = await startServer({
      answer: (response) => response.writeHead(302, { location: "/other" }).end(),
    });
    const { statusCode } = await undiciRequest(origin, { dispatcher: provingAgent(origin) });
    expect(statusCode).toBe(302);
    expect(requests).toHaveLength(1);
  });

  it("refuses upgrades and CONNECT", async () => {
    const { origin, requests } = await startServer();
    const dispatcher = provingAgent(origin);
    const upgrade = { origin, path: "/", protocol: "websocket" };
    await expectCode(dispatcher.upgrade(upgrade), "body_unsupported");
    await expectCode(dispatcher.connect({ origin, path: "/" }), "body_unsupported");
    expect(requests).toHaveLength(0);
  });

  it("ends waiting for a body when the signal aborts", async () => {
    const { origin, requests } = await startServer();
    const abort = new AbortController();
    const reason = new Error("enough");
    const body = new Readable({ read: () => abort.abort(reason) });
    const dispatcher = provingAgent(origin);
    const options = { dispatcher, method: "POST" as const, body, signal: abort.signal };
    await expect(undiciRequest(origin, options)).rejects.toBe(reason);
    expect(requests).toHaveLength(0);
  });

  it("changes nothing that belongs to the caller", async () => {
    const { origin, requests } = await startServer();
    const headers = Object.freeze(["x-a", "1"]) as string[];
    const options = Object.freeze({
      origin: new URL(origin),
      path: "/a",
      method: "POST" as const,
      headers,
      query: Object.freeze({ b: 1 }),
      body: "abc",
    });
    await dispatchOn(provingAgent(origin), options);
    await expectProved(requests[0], origin);
    expect(requests[0]?.target).toBe("/a?b=1");
  });

  it("sends to where the request went when it was dispatched", async () => {
    const evil = await startServer();
    const { origin, requests } = await startServer();
    const target = new URL(origin);
    const options = { origin: target, path: "/", method: "GET" as const };
    const sent = dispatchOn(provingAgent(origin), options);
    target.host = new URL(evil.origin).host;
    await sent;
    await expectProved(requests[0], origin);
    expect(evil.requests).toHaveLength(0);
  });

  it("reports to a handler of either generation", async () => {
    const { origin, requests } = await startServer();
    const agent = agentOf();
    const dispatch = proveRequests(knowing(origin))(agent.dispatch.bind(agent));
    const known = { origin, path: "/", method: "GET" as const };
    const unknown = { ...known, origin: "http://127.0.0.1:1" };
    const outcome = (options: Dispatcher.DispatchOptions, legacy: boolean) =>
      new Promise<unknown>((resolve) => {
        const done = () => resolve("done");
        const never = () => true;
        const handler: Dispatcher.DispatchHandler = legacy
          ? {
              onConnect: never,
              onHeaders: never,
              onData: never,
              onComplete: done,
              onError: resolve,
            }
          : {
              onRequestStart: never,
              onResponseEnd: done,
              onResponseError: (controller, error) =>
                resolve(Object.assign(error, { aborted: controller.aborted })),
            };
        expect(dispatch(options, handler)).toBe(true);
      });
    expect(await outcome(known, true)).toBe("done");
    expect(await outcome(known, false)).toBe("done");
    expect(requests).toHaveLength(2);
    expect(await outcome(unknown, true)).toMatchObject({ code: "peer_unknown" });
    expect(await outcome(unknown, false)).toMatchObject({ code: "peer_unknown", aborted: true });
  });

  it("works outside of the dns interceptor, over TLS and HTTP/2", async () => {
    const { origin, requests } = await startServer({ tls: serverTls, http2: true });
    const agent = agentOf({ allowH2: true, connect: { ca: serverCa } });
    const dns = interceptors.dns({ dualStack: false });
    const dispatcher = agent.compose(dns, proveRequests(knowing(origin)));
    const headers = { "x-a": ["1", "2"] };
    await undiciRequest(`${origin}/a?b`, post({ dispatcher, body: "abc", headers }));
    await expectProved(requests[0], origin);
    expect(requests[0]?.httpVersion).toBe("2.0");
  });

  it("makes proofs that a verifier takes once", async () => {
    const { origin, requests } = await startServer();
    await undiciRequest(origin, { dispatcher: provingAgent(origin) });
    const replay = rememberingGuard();
    const [request] = requests;
    if (request === undefined) throw new Error("no request arrived");
    await verify(request, origin, { replay });
    await expectCode(verify(request, origin, { replay }), "proof_replayed");
  });

  it.each([
    ["contentLimitBytes", { contentLimitBytes: "1" }],
    ["fetch", { fetch: globalThis.fetch }],
    ["peers", { peers: undefined }],
  ])("names the option %s when it is wrong", (option, wrong) => {
    const options = { identity: checkoutIdentity, peers: {}, ...wrong } as never;
    expect(() => proveRequests(options)).toThrow(
      expect.objectContaining({ code: "option_invalid", option }),
    );
  });
});

/** Dispatches without undici's own functions, which would tidy the options first. */
function dispatchOn(dispatcher: Dispatcher, options: Dispatcher.DispatchOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(options, {
      onRequestStart: () => undefined,
      onResponseEnd: () => resolve(),
      onResponseError: (_controller, error) => reject(error),
    });
  });
}
