import { once } from "node:events";
import { createServer, type IncomingMessage, request as sendRequest } from "node:http";
import {
  connect,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { json, text } from "node:stream/consumers";
import {
  type Caller,
  type ConfigurationError,
  createProver,
  memorySessions,
} from "@firsthand/core";
import { createTestClock, createTrustDomain } from "@firsthand/testing";
import { afterEach, describe, expect, it } from "vitest";
import { callerOf } from "./caller-of.js";
import type { WorkloadAuthOptions } from "./message-verifier.js";
import { createMessageVerifier } from "./message-verifier.js";
import { requireCaller } from "./require-caller.js";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const origin = "https://orders.internal";
const clock = createTestClock();
const shop = await createTrustDomain("shop.example", { clock });
const checkout = await shop.identity("/checkout");
const identity = await shop.identity("/orders");

function options(more: Partial<WorkloadAuthOptions> = {}): WorkloadAuthOptions {
  return { identity, origin, policy: () => true, clock, ...more };
}

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** By a prover of its own, which offers a session. */
async function prove(method: string, target: string, content?: string) {
  const prover = createProver({
    identity: checkout,
    peers: { [origin]: "spiffe://shop.example/orders" },
    sessions: "on",
    clock,
  });
  const { headers } = await prover.prove({
    method,
    url: new URL(target, origin),
    headers: [],
    content: content === undefined ? undefined : Buffer.from(content),
  });
  return Object.fromEntries(headers);
}

interface Sent {
  readonly method?: string;
  readonly content?: string;
  readonly headers?: Record<string, string>;
}

async function send(
  port: number,
  target: string,
  { method = "POST", content, headers }: Sent = {},
) {
  const sent = sendRequest({
    ...{ port, host: "127.0.0.1", method, path: target, agent: false },
    headers: headers ?? (await prove(method, target, content)),
  });
  sent.end(content);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return response;
}

describe("requireCaller", () => {
  it("runs the listener for a verified caller, with the content that was proved", async () => {
    const server = createServer(
      requireCaller(options(), async (request, response, caller) => {
        response.end(`${caller.id} ${callerOf(request) === caller} ${await text(request)}`);
      }),
    );
    const response = await send(await listen(server), "/orders?dry=1", { content: "two teas" });
    expect(await text(response)).toBe("spiffe://shop.example/checkout true two teas");
  });

  it("answers a refusal itself, and does not run the listener", async () => {
    let ran = false;
    const port = await listen(
      createServer(
        requireCaller(options(), () => {
          ran = true;
        }),
      ),
    );
    const response = await send(port, "/", { headers: {} });
    expect(response.statusCode).toBe(401);
    expect(response.headers).toMatchObject({
      "www-authenticate": "SVID-Proof, WPT",
      "content-type": "application/problem+json",
    });
    expect(await json(response)).toEqual({
      type: "urn:firsthand:problem:proof_required",
      title: "A proof of workload identity is required",
      status: 401,
      code: "proof_required",
    });
    expect(ran).toBe(false);
  });

  it.each([
    [403, "forbidden", { policy: () => false }],
    [413, "content_too_large", { contentLimitBytes: 3 }],
    [503, "unavailable", { replay: { claim: () => "full" as const } }],
  ])("answers %s %s", async (status, code, more) => {
    const port = await listen(createServer(requireCaller(options(more), () => undefined)));
    const response = await send(port, "/", { content: "four" });
    expect(response.statusCode).toBe(status);
    expect(response.headers["retry-after"]).toBe(status === 503 ? "1" : undefined);
    expect(await json(response)).toMatchObject({ status, code });
  });

  it("answers HEAD without a body", async () => {
    const port = await listen(createServer(requireCaller(options(), () => undefined)));
    const response = await send(port, "/", { method: "HEAD", headers: {} });
    expect([response.statusCode, await text(response)]).toEqual([401, ""]);
  });

  it("guards HTTP/2", async () => {
    const listener = async (
      request: Http2ServerRequest,
      response: Http2ServerResponse,
      caller: Caller,
    ) => response.end(`${caller.id} ${await text(request)}`);
    const port = await listen(createHttp2Server(requireCaller(options(), listener)));
    const session = connect(`http://127.0.0.1:${port}`);
    closing.push(() => session.destroy());
    const line = { ":method": "PUT", ":path": "/orders/1" };

    const proved = session.request({ ...line, ...(await prove("PUT", "/orders/1", "tea")) });
    proved.end("tea");
    expect(await text(proved)).toBe("spiffe://shop.example/checkout tea");

    const refused = session.request(line);
    refused.end("tea");
    const [headers] = await once(refused, "response");
    expect(headers).toMatchObject({ ":status": 401, "www-authenticate": "SVID-Proof, WPT" });
    expect(await json(refused)).toMatchObject({ code: "proof_required" });
  });

  it("leaves every other error to whoever calls it", async () => {
    const listener = requireCaller(options(), () => Promise.reject(new Error("of the listener")));
    const server = createServer(async (request, response) => {
      if (request.url === "/consumed") await text(request);
      await listener(request, response).catch((error: Error) => {
        response.writeHead(500).end(`${error.name}: ${error.message}`);
      });
    });
    const port = await listen(server);
    const consumed = await send(port, "/consumed", { content: "tea" });
    expect(await text(consumed)).toMatch(/^ConfigurationError: .* before any body parser$/);
    const faulty = await send(port, "/faulty", { content: "tea" });
    expect(await text(faulty)).toBe("Error: of the listener");
  });
});

describe("createMessageVerifier", () => {
  it("refuses options that it does not know, when it is made", () => {
    const misspelt = { ...options(), contents: "streaming" } as WorkloadAuthOptions;
    expect(() => createMessageVerifier(misspelt)).toThrow(/contents/);
    const wrong = { ...options(), content: "stream" as "streaming" };
    expect(() => createMessageVerifier(wrong)).toThrow(
      expect.objectContaining({ code: "option_invalid", option: "content" }),
    );
  });

  it("streams content where its options or the call say so", async () => {
    const modes: unknown[] = [];
    const streaming = createMessageVerifier(options({ content: "streaming" }));
    const port = await listen(
      createServer(async (request, response) => {
        const { method = "", url: target = "" } = request;
        const content = target === "/buffered" ? "buffered" : undefined;
        await streaming(request, response, { method, target }, { content });
        modes.push(request.readableLength);
        response.end(await text(request));
      }),
    );
    for (const target of ["/streaming", "/buffered"]) {
      const headers = { ...(await prove("POST", target, "tea")), "content-length": "3" };
      const sent = sendRequest({ port, host: "127.0.0.1", method: "POST", path: target, headers });
      sent.flushHeaders();
      if (target === "/streaming") while (modes.length === 0) await new Promise(setImmediate);
      sent.end("tea");
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      expect(await text(response)).toBe("tea");
    }
    expect(modes).toEqual([0, 3]);
  });
});

describe("what goes wrong in verification", () => {
  it.each([null, undefined, "route"])(
    "is an error, also when somebody throws %s",
    async (thrown) => {
      let broken = false;
      const now = () => {
        if (broken) throw thrown;
        return clock.now();
      };
      let failure: unknown;
      const verify = createMessageVerifier(options({ clock: { ...clock, now } }));
      broken = true;
      const port = await listen(
        createServer(async (request, response) => {
          const line = { method: "POST", target: "/" };
          failure = await verify(request, response, line).catch((error: unknown) => error);
          response.end();
        }),
      );
      await send(port, "/");
      expect(failure).toBeInstanceOf(Error);
    },
  );

  it.each([
    ["without sessions", {}],
    ["with sessions", { sessions: memorySessions({ clock }) }],
  ])("includes an answer that was given before, %s", async (_, more) => {
    let failure: unknown;
    const verify = createMessageVerifier(options(more));
    const port = await listen(
      createServer(async (request, response) => {
        response.end("too early");
        const line = { method: "POST", target: "/" };
        failure = await verify(request, response, line).catch((error: unknown) => error);
      }),
    );
    expect(await text(await send(port, "/"))).toBe("too early");
    while (failure === undefined) await new Promise(setImmediate);
    expect(failure).toMatchObject({ name: "ConfigurationError", code: "response_started" });
  });
});

describe("callerOf", () => {
  it("knows no caller before verification, nor after one that was refused", async () => {
    const verify = createMessageVerifier(options());
    const seen: unknown[] = [];
    const attempt = (request: IncomingMessage) => {
      try {
        seen.push(callerOf(request).id.toString());
      } catch (error) {
        seen.push((error as ConfigurationError).code);
      }
    };
    const port = await listen(
      createServer(async (request, response) => {
        const line = { method: "POST", target: request.url ?? "" };
        attempt(request);
        await verify(request, response, line);
        attempt(request);
        await verify(request, response, line).catch((refusal) => seen.push(refusal.cause.code));
        attempt(request);
        response.end();
      }),
    );
    await send(port, "/");
    expect(seen).toEqual([
      "caller_unverified",
      "spiffe://shop.example/checkout",
      "proof_replayed",
      "caller_unverified",
    ]);
  });
});
