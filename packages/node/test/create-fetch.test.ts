import { createServer } from "node:http";
import { CredentialError } from "@firsthand/core";
import { Agent, interceptors, Request as UndiciRequest, fetch as undiciFetch } from "undici";
import { describe, expect, it, vi } from "vitest";
import { type AnyFetch, createFetch } from "../src/index.js";
import { bodyCases, formCases } from "./bodies.js";
import { header, headerValues, type RecordedRequest, startServer } from "./recording-server.js";
import {
  bindingsOf,
  checkoutIdentity,
  claimsOf,
  expectCode,
  expectProved,
  hash,
  knowing,
  orders,
  rememberingGuard,
  serverCa,
  serverTls,
  verify,
  witIdentity,
} from "./shop.js";

type FetchInit = object;
type ProvedFetch = (input: unknown, init?: FetchInit) => Promise<Response>;

const fetches: { name: string; fetch: AnyFetch }[] = [
  { name: "the global fetch", fetch: globalThis.fetch },
  { name: "the fetch of undici", fetch: undiciFetch },
];

describe.each(fetches)("createFetch over $name", ({ fetch }) => {
  const fetchFor = (origins: string | string[], options: { contentLimitBytes?: number } = {}) =>
    createFetch({ ...knowing(...[origins].flat()), fetch, ...options }) as ProvedFetch;

  it("FW-003 proves the same for a string, a URL and a Request", async () => {
    const { origin, requests } = await startServer();
    const fetch = fetchFor(origin);
    const url = `${origin}/orders/%7Ejoe/a%2Fb?dry=1&q=%20'x'`;
    const init = { method: "put", headers: { "x-trace": "7" }, body: "abc" };
    await fetch(url, init);
    await fetch(new URL(url), init);
    await fetch(new Request(url, init));
    await fetch(new UndiciRequest(url, init));
    await fetch(new Request(url, { method: "POST", body: "other" }), init);
    await fetch(url, new Request("http://unused.test/", init));
    await fetch(`${url}#fragment`, init);
    expect(requests).toHaveLength(7);
    for (const request of requests) {
      await expectProved(request, origin);
      expect(bindingsOf(request)).toEqual(bindingsOf(requests[0]));
      expect(request.method).toBe("PUT");
      expect(`${origin}${request.target}`).toBe(new URL(url).href);
      expect(header(request, "x-trace")).toBe("7");
      expect(header(request, "content-type")).toBe("text/plain;charset=UTF-8");
      expect(header(request, "content-length")).toBe("3");
    }
  });

  it.each(bodyCases)("FW-004 binds the bytes of a body given as $name", async (row) => {
    const { origin, requests } = await startServer();
    const fetch = fetchFor(origin);
    await fetch(`${origin}/`, { method: "POST", body: row.body(), duplex: "half" });
    await fetch(`${origin}/`, {
      method: "POST",
      body: row.body(),
      headers: { "content-type": "x/y" },
    });
    expect(requests.map(({ body }) => body)).toEqual([row.bytes, row.bytes]);
    for (const request of requests) {
      await expectProved(request, origin);
      expect(claimsOf(request).htb).toBe(hash(row.bytes));
      expect(header(request, "content-length")).toBe(String(row.bytes.length));
    }
    const implied = row.contentType === undefined ? [] : [row.contentType];
    expect(headerValues(requests[0], "content-type")).toEqual(implied);
    expect(headerValues(requests[1], "content-type")).toEqual(["x/y"]);
  });

  it.each(formCases)("FW-004 binds the boundary chosen for a $name", async ({ create }) => {
    const { origin, requests } = await startServer();
    await fetchFor(origin)(`${origin}/`, { method: "POST", body: create() });
    const [request] = requests;
    await expectProved(request, origin);
    const headers = { "content-type": header(request, "content-type") };
    const received = await new Response(request?.body, { headers }).formData();
    expect(received.get("note")).toBe('line\r\nnext "quoted" ü');
    const file = received.get("file") as File;
    expect([file.name, file.type]).toEqual(["pic.png", "image/png"]);
    expect(Buffer.from(await file.arrayBuffer())).toEqual(bodyCases[0]?.bytes);
  });

  it("FW-004 binds the body of a Request and takes it once", async () => {
    const { origin, requests } = await startServer();
    const fetch = fetchFor(origin);
    const request = new Request(`${origin}/`, { method: "POST", body: "once" });
    await fetch(request);
    expect(request.bodyUsed).toBe(true);
    await expectProved(requests[0], origin);
    expect(requests[0]?.body.toString()).toBe("once");
    await expectCode(fetch(request), "body_unsupported");
    expect(requests).toHaveLength(1);
  });

  it("follows fetch in what init does to a Request", async () => {
    const { origin, requests } = await startServer();
    const signal = AbortSignal.abort(new Error("too late"));
    const init = { method: "POST", body: "kept", signal };
    const fetch = fetchFor(origin);
    const absent = { body: undefined, method: undefined, signal: undefined, redirect: undefined };
    await expect(fetch(new Request(origin, init), absent)).rejects.toThrow("too late");
    await fetch(new Request(origin, init), { body: null, signal: null });
    expect(requests.map(({ method, body }) => [method, String(body)])).toEqual([["POST", "kept"]]);
    await expectProved(requests[0], origin);
  });

  it("sends what the body was when fetch was called", async () => {
    const { origin, requests } = await startServer();
    const body = Buffer.from("before");
    const sent = fetchFor(origin)(`${origin}/`, { method: "POST", body });
    body.fill("x");
    await sent;
    await expectProved(requests[0], origin);
    expect(requests[0]?.body.toString()).toBe("before");
  });

  it("claims no content for an empty body and for none", async () => {
    const { origin, requests } = await startServer();
    const fetch = fetchFor(origin);
    await fetch(`${origin}/`, { method: "POST", body: "" });
    await fetch(`${origin}/`, { method: "POST", body: null });
    await fetch(new Request(`${origin}/`, { method: "POST" }), { body: null });
    await fetch(`${origin}/`);
    expect(requests).toHaveLength(4);
    for (const request of requests) {
      await expectProved(request, origin);
      expect(claimsOf(request)).not.toHaveProperty("htb");
    }
  });

  it("FW-013 sends a one-shot stream that is within the limit", async () => {
    const { origin, requests } = await startServer();
    const body = new Blob(["12345678"]).stream();
    await fetchFor(origin, { contentLimitBytes: 8 })(`${origin}/`, { method: "POST", body });
    await expectProved(requests[0], origin);
    expect(requests[0]?.body.toString()).toBe("12345678");
  });

  it("FW-013 refuses a stream above the limit, and stops reading there", async () => {
    const { origin, requests } = await startServer();
    const pull = vi.fn((controller) => controller.enqueue(Buffer.from("1234")));
    const cancel = vi.fn();
    const body = new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
    const sent = fetchFor(origin, { contentLimitBytes: 8 })(`${origin}/`, { method: "POST", body });
    await expectCode(sent, "body_too_large");
    expect(pull).toHaveBeenCalledTimes(3);
    expect(cancel).toHaveBeenCalledOnce();
    expect(requests).toHaveLength(0);
  });

  it.each(bodyCases)("refuses a body above the limit given as $name", async ({ body, bytes }) => {
    const { origin, requests } = await startServer();
    const fetch = fetchFor(origin, { contentLimitBytes: bytes.length - 1 });
    await expectCode(fetch(`${origin}/`, { method: "POST", body: body() }), "body_too_large");
    expect(requests).toHaveLength(0);
  });

  it("has a limit of 1 MiB unless told otherwise", async () => {
    const { origin, requests } = await startServer();
    const fetch = fetchFor(origin);
    await fetch(`${origin}/`, { method: "POST", body: Buffer.alloc(1_048_576) });
    const larger = fetch(`${origin}/`, { method: "POST", body: Buffer.alloc(1_048_577) });
    await expectCode(larger, "body_too_large");
    expect(requests.map(({ body }) => body.length)).toEqual([1_048_576]);
  });

  it.each([
    ["an object", {}],
    ["a number", 5],
    ["chunks that are no bytes", [1, 2]],
  ])("refuses %s as a body", async (_, body) => {
    const { origin, requests } = await startServer();
    const sent = fetchFor(origin)(`${origin}/`, { method: "POST", body });
    await expectCode(sent, "body_unsupported");
    expect(requests).toHaveLength(0);
  });

  it("refuses a stream that somebody read from", async () => {
    const { origin, requests } = await startServer();
    const body = new Blob(["read", "left"]).stream();
    const reader = body.getReader();
    await reader.read();
    reader.releaseLock();
    const sent = fetchFor(origin)(`${origin}/`, { method: "POST", body });
    await expectCode(sent, "body_unsupported");
    expect(requests).toHaveLength(0);
  });

  it("FW-002 returns a redirect unfollowed to a caller who asks for it", async () => {
    const { origin, requests } = await startServer({
      answer: (response) => response.writeHead(302, { location: "/elsewhere" }).end("moved"),
    });
    const fetch = fetchFor(origin);
    const response = await fetch(`${origin}/`, { redirect: "manual" });
    expect([response.status, response.headers.get("location")]).toEqual([302, "/elsewhere"]);
    expect(await response.text()).toBe("moved");
    const other = await fetch(new Request(`${origin}/`, { redirect: "manual" }));
    expect(other.status).toBe(302);
    expect(requests.map(({ target }) => target)).toEqual(["/", "/"]);
  });

  describe.each([301, 302, 303, 307, 308])("status %i", (status) => {
    it.each([undefined, "follow", "error"] as const)(
      "FW-006 refuses a redirect to another origin with redirect: %s",
      async (redirect) => {
        const evil = await startServer();
        const { origin, requests } = await startServer({
          answer: (response) =>
            response.writeHead(status, { location: `${evil.origin}/take` }).end("gone"),
        });
        const fetch = fetchFor([origin, evil.origin]);
        const sent = fetch(`${origin}/`, { method: "POST", body: "x", redirect });
        const error = await expectCode(sent, "redirect_refused");
        expect(error.message).toContain(`status ${status}`);
        expect(error.message).not.toContain(evil.origin);
        expect(requests).toHaveLength(1);
        expect(evil.requests).toHaveLength(0);
      },
    );

    it("FW-007 refuses a redirect within the origin", async () => {
      const { origin, requests } = await startServer({
        answer: (response) => response.writeHead(status, { location: "/v1/other" }).end(),
      });
      const sent = fetchFor(origin)(`${origin}/v1/transfers`, { method: "POST", body: "x" });
      await expectCode(sent, "redirect_refused");
      expect(requests.map(({ target }) => target)).toEqual(["/v1/transfers"]);
    });
  });

  it("lets go of the connection of a redirect that it refuses", async () => {
    const closed = deferred();
    const { origin } = await startServer({
      answer: (response) => {
        response.on("close", closed.resolve).writeHead(302, { location: "/" }).write("endless");
      },
    });
    await expectCode(fetchFor(origin)(origin), "redirect_refused");
    await closed.promise;
  });

  it("returns what is no redirect", async () => {
    const statuses = [302, 304, 300, 201];
    const { origin } = await startServer({
      answer: (response, { target }) => {
        const status = Number(target.slice(1));
        if (status !== 302) response.setHeader("location", "/elsewhere");
        response.writeHead(status).end();
      },
    });
    const fetch = fetchFor(origin);
    for (const status of statuses) {
      expect((await fetch(`${origin}/${status}`)).status).toBe(status);
    }
  });

  it("FW-006 refuses a redirect that the dispatcher would follow", async () => {
    const evil = await startServer();
    const { origin } = await startServer({
      answer: (response) => response.writeHead(307, { location: evil.origin }).end(),
    });
    const agent = new Agent();
    const dispatcher = agent.compose(interceptors.redirect({ maxRedirections: 3 }));
    await expectCode(fetchFor(origin)(`${origin}/`, { dispatcher }), "redirect_refused");
    expect(evil.requests).toHaveLength(0);
    await agent.close();
  });

  it("FW-011 sends nothing to an origin that is no peer", async () => {
    const stranger = await startServer();
    const { origin } = await startServer();
    const fetch = fetchFor(origin);
    await expectCode(fetch(`${stranger.origin}/`), "peer_unknown");
    await expectCode(fetch(`${origin}@${stranger.origin.slice(7)}/`), "url_invalid");
    expect(stranger.requests).toHaveLength(0);
  });

  it("FW-015 refuses user information in a URL", async () => {
    const { origin, requests } = await startServer();
    const fetch = fetchFor(origin);
    const url = origin.replace("//", "//u:p@");
    await expectCode(fetch(`${url}/`), "url_invalid");
    await expectCode(fetch(new URL(url)), "url_invalid");
    expect(requests).toHaveLength(0);
  });

  it.each(["", "/relative", "http://", "ftp://127.0.0.1/"])("refuses the URL %j", async (url) => {
    const { origin, requests } = await startServer();
    await expectCode(fetchFor(origin)(url), "url_invalid");
    expect(requests).toHaveLength(0);
  });

  it("makes a new proof for each call", async () => {
    const { origin, requests } = await startServer();
    const fetch = fetchFor(origin);
    await Promise.all([fetch(origin), fetch(origin), fetch(origin)]);
    expect(new Set(requests.map((request) => claimsOf(request).jti)).size).toBe(3);
  });

  it("cannot make a dispatcher that retries by itself prove anew, and a verifier notices", async () => {
    const answers = [503, 200];
    const { origin, requests } = await startServer({
      answer: (response) => response.writeHead(answers.shift() ?? 500).end(),
    });
    const agent = new Agent();
    const dispatcher = agent.compose(interceptors.retry({ minTimeout: 0 }));
    await fetchFor(origin)(origin, { dispatcher });
    const [first, second] = requests as [RecordedRequest, RecordedRequest];
    expect(claimsOf(second).jti).toBe(claimsOf(first).jti);
    const replay = rememberingGuard();
    await verify(first, origin, { replay });
    await expectCode(verify(second, origin, { replay }), "proof_replayed");
    await agent.close();
  });

  it("sends an empty query and a fragment in no form", async () => {
    const { origin, requests } = await startServer();
    const fetch = fetchFor(origin);
    await fetch(`${origin}/a?`);
    await fetch(`${origin}/a?#x`);
    await fetch(`${origin}/a#x?y`);
    expect(requests.map(({ target }) => target)).toEqual(["/a", "/a", "/a"]);
    for (const request of requests) await expectProved(request, origin);
  });

  it.each(["SVID-Proof", "svid-proof", "Workload-Identity-Token"])(
    "refuses a request that already has the header %s",
    async (name) => {
      const { origin, requests } = await startServer();
      const sent = fetchFor(origin)(origin, { headers: { [name]: "mine" } });
      await expectCode(sent, "header_conflict");
      expect(requests).toHaveLength(0);
    },
  );

  it("keeps and binds a bearer token", async () => {
    const { origin, requests } = await startServer();
    await fetchFor(origin)(origin, { headers: [["authorization", "Bearer abc"]] });
    expect(header(requests[0], "authorization")).toBe("Bearer abc");
    expect(claimsOf(requests[0]).ath).toBe(hash("abc"));
    await expectProved(requests[0], origin);
  });

  it("sends a WIT-SVID with its proof where that is what we hold", async () => {
    const { origin, requests } = await startServer();
    const options = { identity: witIdentity, peers: { [origin]: orders }, fetch };
    await (createFetch(options) as ProvedFetch)(origin);
    expect(header(requests[0], "authorization")).toMatch(/^WPT /);
    expect(header(requests[0], "workload-identity-token")).toMatch(/^ey/);
  });

  it("changes nothing that belongs to the caller", async () => {
    const { origin, requests } = await startServer();
    const headers = new Headers({ a: "b" });
    const url = new URL(`${origin}/x?#f`);
    const init = Object.freeze({ method: "post", headers, body: "abc" });
    await fetchFor(origin)(url, init);
    expect(url.href).toBe(`${origin}/x?#f`);
    expect([...headers]).toEqual([["a", "b"]]);
    await expectProved(requests[0], origin);
  });

  describe("a signal", () => {
    it("that has aborted sends nothing", async () => {
      const { origin, requests } = await startServer();
      const reason = new Error("too late");
      const init = { method: "POST", body: "x", signal: AbortSignal.abort(reason) };
      await expect(fetchFor(origin)(origin, init)).rejects.toBe(reason);
      expect(requests).toHaveLength(0);
    });

    it("that has aborted is not kept waiting by a body", async () => {
      const { origin } = await startServer();
      const reason = new Error("too late");
      const init = {
        method: "POST",
        body: new ReadableStream(),
        signal: AbortSignal.abort(reason),
      };
      await expect(fetchFor(origin)(origin, init)).rejects.toBe(reason);
    });

    it("ends waiting for a body that never comes", async () => {
      const { origin, requests } = await startServer();
      const abort = new AbortController();
      const reason = new Error("enough");
      const body = new ReadableStream({ pull: () => abort.abort(reason) }, { highWaterMark: 0 });
      const init = { method: "POST", body, signal: abort.signal };
      await expect(fetchFor(origin)(origin, init)).rejects.toBe(reason);
      expect(requests).toHaveLength(0);
    });

    it("stops the reading of a body", async () => {
      const { origin } = await startServer();
      const abort = new AbortController();
      const cancelled = deferred();
      const body = new ReadableStream(
        {
          pull(controller) {
            abort.abort(new Error("enough"));
            controller.enqueue(Buffer.from("x"));
          },
          cancel: cancelled.resolve,
        },
        { highWaterMark: 0 },
      );
      const init = { method: "POST", body, signal: abort.signal };
      await expect(fetchFor(origin)(origin, init)).rejects.toThrow("enough");
      await cancelled.promise;
    });

    it("ends waiting for the response", async () => {
      const abort = new AbortController();
      const reason = new Error("enough");
      const { origin } = await startServer({ answer: () => abort.abort(reason) });
      const request = new Request(origin, { signal: abort.signal });
      await expect(fetchFor(origin)(request)).rejects.toBe(reason);
    });
  });

  it("fails with what a stream fails with", async () => {
    const { origin, requests } = await startServer();
    const reason = new Error("disk");
    const body = new ReadableStream({ pull: () => Promise.reject(reason) });
    await expect(fetchFor(origin)(origin, { method: "POST", body })).rejects.toBe(reason);
    expect(requests).toHaveLength(0);
  });

  it("passes every other member of init on", async () => {
    const { origin, requests } = await startServer();
    const seen: Record<string, unknown>[] = [];
    const spy = (url: string, init?: RequestInit) => {
      seen.push({ url, ...init });
      return (fetch as typeof globalThis.fetch)(url, init);
    };
    const signal = new AbortController().signal;
    const init = { keepalive: true, duplex: "half", cache: "no-store", signal, priority: "low" };
    const proved = createFetch({ ...knowing(origin), fetch: spy });
    await proved(`${origin}/a`, init as RequestInit);
    const request = new Request(`${origin}/a`, { keepalive: true, integrity: "sha256-x" });
    await expect(proved(request)).rejects.toThrow();
    await proved(origin, { method: "propfind" });
    expect(requests).toHaveLength(2);
    expect(seen).toEqual([
      expect.objectContaining({ url: `${origin}/a`, ...init, redirect: "manual" }),
      expect.objectContaining({ keepalive: true, integrity: "sha256-x", signal: request.signal }),
      expect.objectContaining({ method: "propfind" }),
    ]);
  });

  it.each([
    ["HTTP/1.1", false],
    ["HTTP/2", true],
  ])("works over TLS with %s", async (_, http2) => {
    const { origin, requests } = await startServer({ tls: serverTls, http2 });
    const dispatcher = new Agent({ allowH2: http2, connect: { ca: serverCa } });
    const fetch = fetchFor(origin);
    const init = { method: "POST", body: "over TLS", dispatcher };
    expect((await fetch(`${origin}/a?b`, init)).status).toBe(200);
    await expectProved(requests[0], origin);
    expect(requests[0]?.httpVersion).toBe(http2 ? "2.0" : "1.1");
    await dispatcher.close();
  });
});

describe("createFetch", () => {
  it("uses the global fetch unless it is given another", async () => {
    const { origin, requests } = await startServer();
    await createFetch(knowing(origin))(origin);
    await expectProved(requests[0], origin);
  });

  it("sends nothing while there is no credential", async () => {
    const { origin, requests } = await startServer();
    const identity = { credentials: () => [] };
    const fetch = createFetch({ ...knowing(origin), identity });
    await expectCode(fetch(origin), "credential_missing");
    expect(requests).toHaveLength(0);
  });

  it("lets the next credential arrive while a caller tries again at once", async () => {
    const { origin } = await startServer();
    let isExpired = true;
    const credentials = () => {
      if (isExpired) throw new CredentialError("source_expired");
      return checkoutIdentity.credentials();
    };
    const fetch = createFetch({ identity: { credentials }, peers: { [origin]: orders } });
    setImmediate(() => {
      isExpired = false;
    });
    let attempts = 0;
    let response: Response | undefined;
    while (response === undefined && attempts < 1000) {
      attempts += 1;
      response = await fetch(origin).catch(() => undefined);
    }
    expect(response?.status).toBe(200);
    expect(attempts).toBeLessThan(1000);
  });

  it("refuses plain http to another machine at construction", () => {
    const peers = { "http://orders.internal": orders };
    expect(() => createFetch({ identity: checkoutIdentity, peers })).toThrow(/plain http/);
  });

  it.each([
    ["fetch", { fetch: "fetch" }],
    ["contentLimitBytes", { contentLimitBytes: -1 }],
    ["contentLimitBytes", { contentLimitBytes: 1.5 }],
    ["contentLimitByte", { contentLimitByte: 5 }],
    ["identity", { identity: undefined }],
    ["peers", { peers: undefined }],
  ])("names the option %s when it is wrong", (option, wrong) => {
    const options = { ...knowing("https://orders.internal"), ...wrong } as never;
    expect(() => createFetch(options)).toThrow(
      expect.objectContaining({ code: "option_invalid", option }),
    );
  });

  it("reports a server that closes the connection as fetch does", async () => {
    const server = createServer((request) => request.socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const origin = `http://127.0.0.1:${port}`;
    await expect(createFetch(knowing(origin))(origin)).rejects.toThrow("fetch failed");
    server.close();
  });
});

function deferred() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
