import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, createServer as createHttp2Server, type Http2Server } from "node:http2";
import { buffer } from "node:stream/consumers";
import {
  allow,
  createProver,
  memorySessions,
  type Observation,
  requireSignature,
  runInTransaction,
  type VerifierOptions,
  validateTxnToken,
} from "@firsthand/core";
import { requireCaller } from "@firsthand/core/http";
import * as expressAdapter from "@firsthand/express";
import * as fastifyAdapter from "@firsthand/fastify";
import { createFetch, type ProofMessage } from "@firsthand/node";
import { passCallContext, proveRequests } from "@firsthand/node/undici";
import { createTrustDomain, createTxnTokenIssuer, type TestIdentity } from "@firsthand/testing";
import express from "express";
import { fastify } from "fastify";
import { Agent, interceptors, request as undiciRequest } from "undici";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { adapters, portOf } from "./support/adapters.js";

const callerId = "spiffe://td.example/web";
const calleeId = "spiffe://td.example/ledger";

let caller: TestIdentity;
let callee: TestIdentity;
let decisions: string[];

beforeAll(async () => {
  const domain = await createTrustDomain("td.example");
  [caller, callee] = await Promise.all([domain.identity(callerId), domain.identity(calleeId)]);
});

beforeEach(() => {
  decisions = [];
});

function observer(observation: Observation): void {
  const isAccepted = observation.decision === "accepted";
  decisions.push(isAccepted ? observation.caller.proof.format : observation.error.code);
}

function verifierOptions(origin: string): VerifierOptions {
  const sessions = memorySessions();
  return { identity: callee, origin, policy: allow(callerId), sessions, observer };
}

/** One request: its status, and the content as the handler read it. */
type Send = (
  url: string,
  body?: string,
) => Promise<{ status: number; content: string | undefined }>;

const clients: Readonly<
  Record<string, (origin: string) => { send: Send; close(): Promise<void> }>
> = {
  createFetch(origin) {
    const fetch = createFetch({
      identity: caller,
      peers: { [origin]: calleeId },
      sessions: "signed",
    });
    return {
      async send(url, body) {
        const init = body === undefined ? {} : { method: "POST", body: Buffer.from(body) };
        return answerOf(await fetch(url, init).then(async (it) => [it.status, await it.text()]));
      },
      close: async () => undefined,
    };
  },
  "undici's request": (origin) => {
    const prove = proveRequests({
      identity: caller,
      peers: { [origin]: calleeId },
      sessions: "on",
    });
    const dispatcher = new Agent().compose(prove, interceptors.retry({ maxRetries: 0 }));
    return {
      async send(url, body) {
        const method = body === undefined ? "GET" : "POST";
        const response = await undiciRequest(url, { dispatcher, method, body: body ?? null });
        return answerOf([response.statusCode, await response.body.text()]);
      },
      close: () => dispatcher.close(),
    };
  },
};

function answerOf([status, text]: readonly (number | string)[]) {
  const { content } = JSON.parse(String(text)) as { content?: string };
  const decoded = content === undefined ? undefined : Buffer.from(content, "base64url").toString();
  return { status: Number(status), content: decoded };
}

const pairs = Object.entries(adapters).flatMap(([adapter, start]) =>
  Object.entries(clients).map(([client, create]) => [client, adapter, create, start] as const),
);

describe.each(pairs)("sessions between %s and %s", (_client, _adapter, create, start) => {
  let server: Server;
  let origin: string;
  let port = 0;
  let client: ReturnType<typeof create>;

  /** The servers of adapters choose their port, so the options learn it from what they are given to. */
  async function serve(): Promise<void> {
    const probe = createServer();
    await once(probe.listen(port, "127.0.0.1"), "listening");
    port = portOf(probe);
    await new Promise((closed) => probe.close(closed));
    origin = `http://127.0.0.1:${port}`;
    const chosen = await start(verifierOptions(origin));
    await new Promise((closed) => chosen.close(closed));
    server = chosen as Server;
    await once(chosen.listen(port, "127.0.0.1"), "listening");
  }

  beforeEach(async () => {
    port = 0;
    await serve();
    client = create(origin);
  });

  afterEach(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  it("are opened once and used for what follows, with and without content", async () => {
    for (const body of [undefined, "one", "two", ""]) {
      const { status, content } = await client.send(`${origin}/v1?a=1`, body);
      expect([status, content]).toEqual([200, body ?? ""]);
    }
    expect(decisions).toEqual(["svid-proof-1", ...Array(3).fill("svid-session-1")]);
  });

  it("are replaced after a restart, and no request is lost", async () => {
    server.maxRequestsPerSocket = 1; // so that the client waits for no connection of the old process
    for (let i = 0; i < 2; i++) await client.send(`${origin}/`, "before");
    await new Promise((closed) => server.close(closed));
    await serve();
    for (let i = 0; i < 2; i++) {
      expect(await client.send(`${origin}/`, "after")).toEqual({ status: 200, content: "after" });
    }
    expect(decisions).toEqual([
      "svid-proof-1",
      "svid-session-1",
      "session_unknown",
      "svid-proof-1",
      "svid-session-1",
    ]);
  });

  it("bear many requests at once, from the first one on", async () => {
    const bodies = Array.from({ length: 60 }, (_, i) => `body ${i}`);
    for (let round = 0; round < 2; round++) {
      const answers = await Promise.all(bodies.map((body) => client.send(`${origin}/`, body)));
      expect(answers).toEqual(bodies.map((content) => ({ status: 200, content })));
    }
    expect(decisions.filter((decision) => !decision.startsWith("svid-"))).toEqual([]);
    expect(decisions.slice(-60)).toEqual(Array(60).fill("svid-session-1"));
  });

  it("are not needed by a caller whose credential was replaced", async () => {
    for (let i = 0; i < 2; i++) await client.send(`${origin}/`);
    await caller.renew();
    for (let i = 0; i < 2; i++) expect((await client.send(`${origin}/`)).status).toBe(200);
    expect(decisions).toEqual(["svid-proof-1", "svid-session-1", "svid-proof-1", "svid-session-1"]);
  });

  it("end with a changed bundle, and no request is lost", async () => {
    for (let i = 0; i < 2; i++) await client.send(`${origin}/`);
    await callee.renew();
    expect((await client.send(`${origin}/`, "x")).content).toBe("x");
    expect(decisions.slice(2)).toEqual(["session_superseded", "svid-proof-1"]);
  });
});

describe("a route that demands a signature", () => {
  it("gets one in Fastify by its configuration", async () => {
    const app = fastify();
    const origin = await originOf(app.server);
    await app.register(fastifyAdapter.workloadAuth, verifierOptions(origin));
    app.setErrorHandler(fastifyAdapter.refusalHandler);
    app.get("/", () => "any");
    app.get("/signed", { config: { workloadAuth: { proof: "signed" } } }, () => "signed");
    await app.ready();
    await expectSigned(origin, app.server);
  });

  it("gets one in Express by a verifier without sessions, whatever the error handler does", async () => {
    const app = express();
    const server = createServer(app);
    const origin = await originOf(server);
    const { sessions: _, ...signedOnly } = verifierOptions(origin);
    app.use("/signed", expressAdapter.workloadAuth(signedOnly), (_request, response) => {
      response.send("signed");
    });
    app.use(expressAdapter.workloadAuth(verifierOptions(origin)), (_request, response) => {
      response.send("any");
    });
    app.use(((error, _request, response, _next) => {
      response.status((error as { status: number }).status).send("mine");
    }) satisfies express.ErrorRequestHandler);
    await expectSigned(origin, server, "session_unknown");
  });

  it("gets one from a plain handler by its policy", async () => {
    const server = createServer();
    const origin = await originOf(server);
    const all = requireSignature(allow(callerId));
    server.on(
      "request",
      requireCaller(
        {
          ...verifierOptions(origin),
          policy: (who, request) =>
            request.path === "/signed" ? all(who, request) : allow(callerId)(who, request),
        },
        (_request, response) => response.end("any"),
      ),
    );
    await expectSigned(origin, server);
  });

  async function expectSigned(origin: string, server: Server, code = "proof_signature_required") {
    const fetch = createFetch({ identity: caller, peers: { [origin]: calleeId }, sessions: "on" });
    for (const path of ["/", "/", "/signed", "/"]) {
      const response = await fetch(origin + path);
      expect(response.status).toBe(200);
      await response.text();
    }
    expect(decisions.slice(0, 4)).toEqual(["svid-proof-1", "svid-session-1", code, "svid-proof-1"]);
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
});

describe("sessions", () => {
  let server: Server | Http2Server | undefined;

  afterEach(() => server?.close());

  it("work over HTTP/2", async () => {
    const http2 = createHttp2Server();
    server = http2;
    const origin = await originOf(http2);
    const listener = requireCaller<never, never>(
      verifierOptions(origin),
      async (request: AsyncIterable<Uint8Array>, response: { end(text: Buffer): void }) =>
        response.end(await buffer(request)),
    );
    http2.on("request", listener as never);
    const prover = createProver({
      identity: caller,
      peers: { [origin]: calleeId },
      sessions: "on",
    });
    const session = connect(origin);
    for (const text of ["a", "b", "c"]) {
      const content = Buffer.from(text);
      const method = "POST";
      const proof = await prover.prove({ method, url: new URL(origin), headers: [], content });
      const stream = session.request({
        ":method": method,
        ":path": "/",
        ...Object.fromEntries(proof.headers),
      });
      stream.end(content);
      const [head] = (await once(stream, "response")) as [Record<string, string | number>];
      expect((await buffer(stream)).toString()).toBe(text);
      await proof.answered?.({
        status: Number(head[":status"]),
        header: (name) => head[name.toLowerCase()] as string | undefined,
      });
    }
    expect(decisions).toEqual(["svid-proof-1", "svid-session-1", "svid-session-1"]);
    session.close();
  });

  it("bind streamed content", async () => {
    const http = createServer();
    server = http;
    const origin = await originOf(http);
    const options = { ...verifierOptions(origin), content: "streaming" } as const;
    http.on(
      "request",
      requireCaller(options, async (request, response) => response.end(await buffer(request))),
    );
    const fetch = createFetch({ identity: caller, peers: { [origin]: calleeId }, sessions: "on" });
    for (const content of ["a", "b".repeat(300_000)]) {
      const response = await fetch(origin, { method: "POST", body: content });
      expect(await response.text()).toBe(content);
    }
    expect(decisions).toEqual(["svid-proof-1", "svid-session-1"]);
    http.closeAllConnections();
  });

  it("say in telemetry what became of them, and pause where they are forgotten", async () => {
    const messages: ProofMessage["session"][] = [];
    const listen = (message: unknown) => void messages.push((message as ProofMessage).session);
    subscribe("firsthand:proof", listen);
    const http = createServer();
    server = http;
    const origin = await originOf(http);
    // A spreading load balancer in small: each request meets a verifier that is new.
    http.on("request", (request, response) => {
      void requireCaller(verifierOptions(origin), (_, answer) => answer.end())(request, response);
    });
    const fetch = createFetch({ identity: caller, peers: { [origin]: calleeId }, sessions: "on" });
    for (let i = 0; i < 6; i++) expect((await fetch(origin)).status).toBe(200);
    unsubscribe("firsthand:proof", listen);
    const forgotten = ["used", "offered"];
    expect(messages).toEqual([
      "offered",
      ...forgotten,
      ...forgotten,
      "used",
      "paused",
      "paused",
      "paused",
    ]);
    http.closeAllConnections();
  });

  it("repeat a request in its own call context", async () => {
    const domain = await createTrustDomain("td.example");
    const issuer = await createTxnTokenIssuer(domain);
    const keys = await issuer.keys();
    const seen: (string | undefined)[] = [];
    const http = createServer();
    server = http;
    const origin = await originOf(http);
    const start = () => requireCaller(verifierOptions(origin), (_, response) => response.end());
    let listener = start();
    http.on("request", (request, response) => {
      seen.push(request.headers["txn-token"] as string | undefined);
      void listener(request, response);
    });
    const outbound = { identity: caller, peers: { [origin]: calleeId }, sessions: "on" } as const;
    const dispatcher = new Agent({ connections: 1 }).compose(
      proveRequests(outbound),
      passCallContext(),
    );
    const fetch = createFetch(outbound);
    const [alice, bob] = await Promise.all(
      ["alice", "bob"].map((subject) => issuer.issue({ subject, scope: "order" })),
    );
    const options = { trustDomain: "td.example", keys };
    const asks: readonly (() => Promise<unknown>)[] = [
      async () => (await undiciRequest(origin, { dispatcher })).body.dump(),
      async () => (await fetch(origin)).text(),
    ];
    for (const ask of asks) {
      const askFor = async (token = "") =>
        runInTransaction(await validateTxnToken(token, options), ask);
      await askFor(alice);
      await askFor(bob);
      listener = start(); // forgets all sessions, so that the next request is repeated
      await askFor(alice);
      expect(seen.splice(0)).toEqual([alice, bob, alice, alice]);
    }
    await dispatcher.close();
    http.closeAllConnections();
  });

  it("are offered again when the connection broke before the answer", async () => {
    const http = createServer();
    server = http;
    const origin = await originOf(http);
    const listener = requireCaller(verifierOptions(origin), (_request, response) => response.end());
    let breaks = true;
    http.on("request", (request, response) => {
      if (breaks) request.socket.destroy();
      else void listener(request, response);
    });
    const { send, close } = (clients.createFetch ?? expect.fail("no client"))(origin);
    await expect(send(origin)).rejects.toThrow();
    breaks = false;
    const fetch = createFetch({ identity: caller, peers: { [origin]: calleeId }, sessions: "on" });
    for (let i = 0; i < 2; i++) await fetch(origin);
    expect(decisions).toEqual(["svid-proof-1", "svid-session-1"]);
    await close();
    http.closeAllConnections();
  });
});

async function originOf(server: Server | Http2Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${portOf(server as Server)}`;
}
