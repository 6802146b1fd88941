import { request as sendRequest } from "node:http";
import { connect } from "node:http2";
import { text } from "node:stream/consumers";
import { ConfigurationError, CredentialError, memoryReplayGuard, Refusal } from "@firsthand/core";
import { refusalHandler, type WorkloadAuthOptions, workloadAuth } from "@firsthand/fastify";
import Fastify, {
  type FastifyInstance,
  type FastifyServerOptions,
  type onRequestAsyncHookHandler,
} from "fastify";
import { afterEach, describe, expect, it } from "vitest";
import {
  authOptions,
  clock,
  origin,
  portOf,
  prove,
  type Sent,
  send,
  until,
} from "../../../test/support/shop.js";

interface Case {
  readonly name: string;
  readonly code: string;
  readonly status: number;
  readonly sent: Sent;
  readonly options?: Partial<WorkloadAuthOptions>;
  readonly before?: onRequestAsyncHookHandler;
  readonly server?: FastifyServerOptions;
}

/** What a careless hook may do to the header that the proof is in. */
function withProofHeader(change: (value: string) => unknown): onRequestAsyncHookHandler {
  return async ({ raw }) => {
    const at = raw.rawHeaders.findIndex((name) => name.toLowerCase() === "svid-proof") + 1;
    Object.assign(raw.rawHeaders, { [at]: change(raw.rawHeaders[at] ?? "") });
  };
}

const asserted = (await prove({})).map(([, value]) => value).join();

const cases: readonly Case[] = [
  { name: "a request without proof", code: "proof_missing", status: 401, sent: { proof: false } },
  {
    name: "a request without proof to a route that does not exist",
    ...{ code: "proof_missing", status: 401, sent: { target: "/nowhere", proof: false } },
  },
  {
    name: "MW-012 a security header that an earlier hook made an array",
    ...{ code: "header_invalid", status: 401, sent: {} },
    before: withProofHeader((value) => [value]),
  },
  {
    name: "MW-012 a security header that an earlier hook made a number",
    ...{ code: "header_invalid", status: 401, sent: {} },
    before: withProofHeader(() => 42),
  },
  {
    name: "MW-012 a security header that only an earlier hook has put there",
    ...{ code: "proof_missing", status: 401, sent: { proof: false } },
    before: async (request) => {
      Object.assign(request.raw.headers, { "svid-proof": [asserted] });
    },
  },
  {
    name: "MW-013 header names with underscores",
    ...{ code: "proof_missing", status: 401 },
    sent: {
      headers: [
        ["SVID_Proof", asserted],
        ["Workload_Proof_Token", asserted],
      ],
      proof: false,
    },
  },
  {
    name: "MW-016 an identity that a proxy asserts",
    ...{ code: "proof_missing", status: 401 },
    sent: {
      headers: [
        ["Client-Cert", ":MIIB:"],
        ["X-SSL-Client-Cert", "MIIB"],
        ["Ssl-Client-Subject-Dn", "CN=checkout"],
        ["X-Forwarded-Client-Cert", "URI=spiffe://shop.example/checkout"],
      ],
      proof: false,
    },
  },
  {
    name: "MW-018 a proof for the host that X-Forwarded-Host names",
    ...{ code: "proof_audience_mismatch", status: 401, server: { trustProxy: true } },
    sent: {
      headers: [
        ["X-Forwarded-Host", "evil.example"],
        ["X-Forwarded-Proto", "https"],
      ],
      proof: { url: "https://evil.example/" },
    },
  },
  {
    name: "MW-023 a request target that looks like an origin, with a proof for its path",
    ...{ code: "proof_target_mismatch", status: 401 },
    sent: { target: "//evil.example/api", proof: { url: `${origin}/api` } },
  },
  {
    name: "MW-026 a path that rewriteUrl turned into the proved one",
    ...{ code: "proof_target_mismatch", status: 401 },
    sent: { target: "/old", proof: { url: `${origin}/new` } },
    server: { rewriteUrl: ({ url = "" }) => url.replace("/old", "/new") },
  },
  {
    name: "MW-027 a method that was overridden after it was proved",
    ...{ code: "proof_method_mismatch", status: 401, sent: { method: "POST" } },
    before: async (request) => {
      request.raw.method = "DELETE";
    },
  },
  {
    name: "MW-035 a GET request with content that the proof does not bind",
    ...{ code: "proof_body_unbound", status: 401 },
    sent: { content: "smuggled", proof: { content: undefined } },
  },
  {
    name: "content other than the proved one",
    ...{ code: "proof_body_mismatch", status: 401 },
    sent: { method: "POST", content: "ten teas", proof: { content: "two teas" } },
  },
  {
    name: "content above the limit",
    ...{ code: "body_too_large", status: 413, options: { contentLimitBytes: 7 } },
    sent: { method: "POST", content: "two teas" },
  },
  {
    name: "a caller that the policy does not allow",
    ...{ code: "caller_forbidden", status: 403, options: { policy: () => false }, sent: {} },
  },
  {
    name: "MW-040 everybody while the source of trust is not ready",
    ...{ code: "trust_unavailable", status: 503, sent: {} },
    options: {
      identity: {
        trustBundle() {
          throw new CredentialError("source_not_ready");
        },
      },
    },
  },
  {
    name: "MW-043 a request on which other code tries to put a caller",
    ...{ code: "proof_missing", status: 401, sent: { proof: false } },
    before: async (request) => {
      const forge = () => Object.assign(request, { caller: { id: "spiffe://shop.example/admin" } });
      expect(forge).toThrow(TypeError);
    },
  },
];

const apps: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ host: "127.0.0.1", port: 0 });
  return portOf(app.server);
}

interface Service {
  readonly options?: Partial<WorkloadAuthOptions> | undefined;
  readonly before?: onRequestAsyncHookHandler | undefined;
  readonly server?: FastifyServerOptions | undefined;
  /** Whether `refusalHandler` is installed. */
  readonly handled?: boolean;
}

/** A service that remembers what got past the plugin and what went to the error handling. */
async function serve({ options, before, server = {}, handled = true }: Service = {}) {
  const auth = authOptions(options);
  const ran: string[] = [];
  const errors: unknown[] = [];
  const app = Fastify(server);
  apps.push(app);
  // The plugin comes last: its hook covers the routes that are there already.
  app.all("/*", async (request) => ran.push(request.url));
  app.all("/", async (request) => ran.push(request.url));
  if (before) app.addHook("onRequest", before);
  app.addHook("onError", async (request, _reply, error) => {
    errors.push(error);
    expect(() => request.caller).toThrow(
      expect.objectContaining({ name: "ConfigurationError", code: "caller_unverified" }),
    );
  });
  if (handled) app.setErrorHandler(refusalHandler);
  await app.register(workloadAuth, auth.options);
  return { port: await listen(app), ran, errors, ...auth };
}

describe("Fastify refuses", () => {
  it.each(cases)("$name", async ({ code, status, sent, ...service }) => {
    const { port, ran, decisions } = await serve(service);
    const answer = await send(port, sent);
    expect(decisions).toEqual([code]);
    expect(ran).toEqual([]);
    expect(answer.status).toBe(status);
    expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(answer.headers["www-authenticate"]).toBe(status === 401 ? "SVID-Proof, WPT" : undefined);
    expect(answer.headers["retry-after"]).toBe(status === 503 ? "1" : undefined);
    expect(JSON.parse(answer.body)).toMatchObject({ status, type: expect.any(String) });
  });

  it.each(cases)("$name, with the error handler of Fastify", async (given) => {
    const { code, status, sent, ...service } = given;
    const { port, ran, errors, decisions } = await serve({ ...service, handled: false });
    const answer = await send(port, sent);
    expect(decisions).toEqual([code]);
    expect(errors).toEqual([expect.any(Refusal)]);
    expect(ran).toEqual([]);
    expect(answer.status).toBe(status);
    expect(answer.headers["www-authenticate"]).toBe(status === 401 ? "SVID-Proof, WPT" : undefined);
    expect(answer.headers["retry-after"]).toBe(status === 503 ? "1" : undefined);
    const { code: publicCode, message } = errors[0] as Refusal;
    expect(JSON.parse(answer.body)).toMatchObject({
      statusCode: status,
      code: publicCode,
      message,
    });
  });

  it("a request without proof to a 404 handler of the application", async () => {
    const app = Fastify();
    apps.push(app);
    await app.register(workloadAuth, authOptions().options);
    app.setNotFoundHandler(async () => "nothing here");
    const port = await listen(app);
    expect((await send(port, { target: "/x", proof: false })).status).toBe(401);
    expect((await send(port, { target: "/x" })).body).toBe("nothing here");
  });

  it("HTTP/2 requests alike, and keeps the session", async () => {
    const app = Fastify({ http2: true });
    apps.push(app);
    await app.register(workloadAuth, authOptions({ contentLimitBytes: 10 }).options);
    app.setErrorHandler(refusalHandler);
    app.post("/", async () => "ran");
    await app.listen({ host: "127.0.0.1", port: 0 });
    const session = connect(`http://127.0.0.1:${await portOf(app.server)}`);
    apps.push(session);
    const line = { ":method": "POST", ":path": "/", "content-type": "text/plain" };
    const wrong = Object.fromEntries(await prove({ method: "POST", content: "two teas" }));
    const long = "0123456789".repeat(30_000);
    const large = Object.fromEntries(await prove({ method: "POST", content: long }));
    const answers: unknown[] = [];
    for (const [headers, content] of [
      [{}, "two teas"],
      [wrong, "ten teas"],
      [large, long],
    ] as const) {
      const stream = session.request({ ...line, ...headers });
      stream.end(content);
      answers.push(JSON.parse(await text(stream)).code);
    }
    expect(answers).toEqual(["proof_required", "proof_invalid", "content_too_large"]);
  });

  it.each([
    ["with refusalHandler", true],
    ["with the error handler of Fastify", false],
  ])(
    "MW-050 MW-051 telling neither token nor stack nor text of the peer, %s",
    async (_, handled) => {
      const lines: string[] = [];
      const logger = { level: "trace", stream: { write: (line: string) => lines.push(line) } };
      const { port, errors, decisions } = await serve({ server: { logger }, handled });
      const [[, proof]] = (await prove({})) as [[string, string]];
      const hostile = `${proof.slice(0, -9)}\u009b31m\u0085INFO admin ok`;
      for (const value of [hostile, proof.replace(/.{8}$/, "AAAAAAAA")]) {
        const headers = [["SVID-Proof", value]] as const;
        const { body } = await send(port, {
          target: "/%0d%0aINFO?secret=1",
          headers,
          proof: false,
        });
        expect(body).not.toMatch(/INFO|secret|node_modules|packages|\.[jt]s|at /);
        expect(body).not.toContain(proof.slice(0, 40));
      }
      expect(decisions).toEqual(["header_invalid", "token_signature_invalid"]);
      expect(errors).toHaveLength(2);
      expect(lines.join("")).not.toContain(proof.slice(0, 40));
      expect(lines.join("")).not.toMatch(/INFO admin|[^\x20-\x7e\n]/);
    },
  );

  it("MW-039 a request whose decision cannot be recorded in time", async () => {
    const { port, ran } = await serve({
      options: { observer: () => new Promise(() => undefined) },
    });
    const answer = send(port, {});
    for (const _ of ["acceptance", "refusal"]) {
      await until(() => clock.pendingDelays().length > 0);
      clock.advance({ seconds: 2 });
    }
    expect(await answer).toMatchObject({ status: 503 });
    expect(ran).toEqual([]);
  });

  it("MW-041 to go on when something has begun to answer before", async () => {
    const { port, ran, errors, decisions } = await serve({
      before: async (_request, reply) => {
        reply.raw.write("too early");
      },
      handled: false,
    });
    await expect(send(port, {})).rejects.toThrow();
    expect(decisions).toEqual(["accepted"]);
    expect(errors[0]).toMatchObject({ name: "ConfigurationError", code: "response_started" });
    expect(ran).toEqual([]);
  });

  it("MW-042 a request that was verified before, and forgets its caller", async () => {
    const auth = authOptions({ replay: memoryReplayGuard({ clock }) });
    const seen: unknown[] = [];
    const app = Fastify();
    apps.push(app);
    await app.register(workloadAuth, auth.options);
    app.addHook("onRequest", async (request) => {
      seen.push(request.caller.id.toString());
    });
    await app.register(workloadAuth, auth.options);
    app.setErrorHandler(async (_error, request, reply) => {
      try {
        seen.push(request.caller);
      } catch (error) {
        seen.push((error as ConfigurationError).code);
      }
      return reply.code(500).send();
    });
    app.get("/", async () => seen.push("ran"));
    const port = await listen(app);
    await send(port, {});
    expect(seen).toEqual(["spiffe://shop.example/checkout", "caller_unverified"]);
    expect(auth.decisions).toEqual(["accepted", "proof_replayed"]);
  });

  it("content that something has read before, as a mistake in the program", async () => {
    const { port, ran, errors } = await serve({
      before: async (request) => {
        await text(request.raw);
      },
      handled: false,
    });
    const sent = { method: "POST", content: "two teas" };
    expect(await send(port, sent)).toMatchObject({ status: 500 });
    expect(errors).toEqual([expect.any(ConfigurationError)]);
    expect(errors[0]).toMatchObject({ code: "body_consumed" });
    expect(ran).toEqual([]);
  });

  it("streamed content by cutting it off before its end", async () => {
    const app = Fastify();
    apps.push(app);
    await app.register(workloadAuth, authOptions({ content: "streaming" }).options);
    app.addContentTypeParser("*", async () => undefined);
    const seen: string[] = [];
    app.put("/", async (request) => {
      seen.push(await text(request.raw).catch((error) => error.code));
      return "done";
    });
    const port = await listen(app);
    const content = "0123456789".repeat(30_000);
    const headers = [["Content-Type", "application/tea"]] as const;
    const sent = { method: "PUT", headers, content: `${content}1`, proof: { content } };
    await expect(send(port, sent)).rejects.toThrow();
    await until(() => seen.length > 0);
    expect(seen).toEqual(["proof_body_mismatch"]);
  });

  it("content that its sender aborts, without running the handler", async () => {
    const { port, ran, errors, decisions } = await serve({ handled: false });
    const proven = await prove({ method: "POST", content: "two teas" });
    const headers = { ...Object.fromEntries(proven), "content-length": 8 };
    const request = sendRequest({ port, method: "POST", headers });
    request.on("error", () => undefined);
    request.write("two", () => request.destroy());
    await until(() => errors.length > 0);
    expect(decisions).toEqual(["body_aborted"]);
    expect(ran).toEqual([]);
  });

  it("options that it does not know, when the application starts", async () => {
    for (const [options, problem] of [
      [{ ...authOptions().options, polcy: () => true }, /polcy/],
      [{ ...authOptions().options, origin: "orders" }, /origin/],
    ] as const) {
      const app = Fastify();
      app.register(workloadAuth, options as WorkloadAuthOptions);
      await expect(app.ready()).rejects.toThrow(problem);
    }
  });

  it("to share the name `caller` with another plugin", async () => {
    const app = Fastify();
    app.decorateRequest("caller" as never, null as never);
    app.register(workloadAuth, authOptions().options);
    await expect(app.ready()).rejects.toThrow(/'caller' has already been added/);
  });

  it("nothing of what is not a refusal: refusalHandler leaves other errors to Fastify", async () => {
    const app = Fastify();
    apps.push(app);
    app.setErrorHandler(refusalHandler);
    app.get("/", async () => {
      throw Object.assign(new Error("of the application"), { statusCode: 418 });
    });
    const answer = await app.inject("/");
    expect([answer.statusCode, answer.json().message]).toEqual([418, "of the application"]);
  });
});

it("a route outside of the instance that the plugin is registered in has no caller", async () => {
  const app = Fastify();
  apps.push(app);
  app.register((inside, _options, done) => {
    inside.register(workloadAuth, authOptions().options);
    inside.get("/inside", async () => "ran");
    done();
  });
  app.get("/outside", async (request) => ({ caller: request.caller ?? "nobody" }));
  expect((await app.inject("/inside")).statusCode).toBe(401);
  expect((await app.inject("/outside")).json()).toEqual({ caller: "nobody" });
});
