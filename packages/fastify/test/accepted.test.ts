import { request as sendRequest } from "node:http";
import { connect } from "node:http2";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { createGunzip, gzipSync } from "node:zlib";
import formBody from "@fastify/formbody";
import multipart from "@fastify/multipart";
import type { Caller } from "@firsthand/core";
import { workloadAuth } from "@firsthand/fastify";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { afterEach, describe, expect, expectTypeOf, it } from "vitest";
import { authOptions, checkout, portOf, prove, send, until } from "../../../test/support/shop.js";

const apps: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

/** What a handler knows of a request. */
async function answer(request: FastifyRequest) {
  expectTypeOf(request.caller).toEqualTypeOf<Caller>();
  return { from: request.caller.id.toString(), body: request.body ?? null };
}

async function protectedApp(configure: (app: FastifyInstance) => unknown): Promise<number> {
  const app = Fastify();
  apps.push(app);
  await app.register(workloadAuth, authOptions().options);
  await configure(app);
  await app.listen({ host: "127.0.0.1", port: 0 });
  return portOf(app.server);
}

const formData = [
  "--teapot",
  'Content-Disposition: form-data; name="sku"',
  "",
  "tea",
  "--teapot",
  'Content-Disposition: form-data; name="picture"; filename="tea.txt"',
  "",
  "a picture of tea",
  "--teapot--",
  "",
].join("\r\n");

describe("Fastify lets through", () => {
  it("MW-002 a request to a plugin with a prefix, proved with its whole path", async () => {
    const port = await protectedApp((app) =>
      app.register(
        (plugin, _options, done) => {
          plugin.get("/v1/x", answer);
          done();
        },
        { prefix: "/new" },
      ),
    );
    const { status, body } = await send(port, { target: "/new/v1/x?a=1&a=2" });
    expect([status, JSON.parse(body)]).toEqual([200, { from: checkout, body: null }]);
  });

  it("MW-003 a request whose path the router decodes, proved as it was sent", async () => {
    const port = await protectedApp((app) => app.get("/new/v1/a", answer));
    expect(await send(port, { target: "/new/%761/a" })).toMatchObject({ status: 200 });
  });

  it("MW-007 a HEAD request that the GET handler serves", async () => {
    const seen: string[] = [];
    const port = await protectedApp((app) =>
      app.get("/orders", async (request) => {
        seen.push(`${request.method} ${request.caller.id}`);
        return "not sent";
      }),
    );
    const answered = await send(port, { method: "HEAD", target: "/orders" });
    expect(answered).toMatchObject({ status: 200, body: "" });
    expect(seen).toEqual([`HEAD ${checkout}`]);
  });

  it("a WIT-SVID with its proof token", async () => {
    const port = await protectedApp((app) => app.get("/", answer));
    const sent = { proof: { format: "wpt-02" } } as const;
    expect(await send(port, sent)).toMatchObject({ status: 200 });
  });

  it("nothing in the way of the 404 of the application", async () => {
    const port = await protectedApp(() => undefined);
    expect(await send(port, { target: "/nowhere" })).toMatchObject({ status: 404 });
  });

  const long = "0123456789".repeat(30_000);
  const parsers: Record<
    string,
    {
      parse?: (app: FastifyInstance) => unknown;
      type: string;
      content: string | Uint8Array;
      body: unknown;
    }
  > = {
    "the JSON parser": {
      type: "application/json",
      content: '{ "sku": "tea" }',
      body: { sku: "tea" },
    },
    "the text parser, of more than a socket read": {
      type: "text/plain",
      content: long,
      body: long,
    },
    "a parser of buffers": {
      parse: (app) =>
        app.addContentTypeParser(
          "application/tea",
          { parseAs: "buffer" },
          async (_: unknown, all: Buffer) => all.toString("hex"),
        ),
      type: "application/tea",
      content: "tea",
      body: "746561",
    },
    "a parser of the stream": {
      parse: (app) =>
        app.addContentTypeParser("*", async (_: unknown, stream: NodeJS.ReadableStream) =>
          text(stream as Readable),
        ),
      type: "application/tea",
      content: long,
      body: long,
    },
    "a parser of gzip content": {
      parse: (app) =>
        app.addContentTypeParser("*", async (_: unknown, stream: NodeJS.ReadableStream) =>
          text(stream.pipe(createGunzip())),
        ),
      type: "application/tea",
      content: gzipSync(long),
      body: long,
    },
    "@fastify/formbody": {
      parse: (app) => app.register(formBody),
      type: "application/x-www-form-urlencoded",
      content: "sku=tea",
      body: { sku: "tea" },
    },
    "@fastify/multipart": {
      parse: (app) => app.register(multipart, { attachFieldsToBody: "keyValues" }),
      type: "multipart/form-data; boundary=teapot",
      content: formData,
      body: { sku: "tea", picture: Buffer.from("a picture of tea").toJSON() },
    },
    "iteration of the request": {
      parse: (app) => {
        app.addContentTypeParser("*", async () => undefined);
        app.addHook("preHandler", async (request) => {
          request.body = await text(request.raw);
        });
      },
      type: "application/tea",
      content: "two teas",
      body: "two teas",
    },
  };

  it.each(Object.entries(parsers))("MW-006 content untouched, for %s", async (_name, given) => {
    const { parse, type, content, body } = given;
    const port = await protectedApp(async (app) => {
      await parse?.(app);
      app.post("/orders", answer);
    });
    const headers = [["Content-Type", type]] as const;
    const answered = await send(port, {
      method: "POST",
      target: "/orders?dry=1",
      headers,
      content,
    });
    expect(JSON.parse(answered.body)).toEqual({ from: checkout, body });
    expect(answered.status).toBe(200);
  });

  it("content that waited for an asynchronous hook", async () => {
    const app = Fastify();
    apps.push(app);
    app.addHook("onRequest", async (request) => {
      await until(() => request.raw.readableLength > 0);
    });
    await app.register(workloadAuth, authOptions().options);
    app.post("/", answer);
    await app.listen({ host: "127.0.0.1", port: 0 });
    const headers = [["Content-Type", "text/plain"]] as const;
    const sent = { method: "POST", headers, content: long };
    const answered = await send(await portOf(app.server), sent);
    expect(JSON.parse(answered.body)).toEqual({ from: checkout, body: long });
  });

  it.each(["plain", "split"])("a request that is injected, %s", async (way) => {
    const app = Fastify();
    apps.push(app);
    await app.register(workloadAuth, authOptions().options);
    app.post("/orders", answer);
    const content = '{"sku":"tea"}';
    const proven = await prove({ method: "POST", target: "/orders", content });
    const headers = { "content-type": "application/json", ...Object.fromEntries(proven) };
    const injected = await app.inject({
      ...{ method: "POST", url: "/orders", headers, payload: content },
      simulate: { split: way === "split", end: true, error: false, close: false },
    });
    expect(injected.json()).toEqual({ from: checkout, body: { sku: "tea" } });
  });

  it.each([
    ["of known length", true],
    ["of unknown length", false],
  ])("HTTP/2, with content %s", async (_name, known) => {
    const app = Fastify({ http2: true });
    apps.push(app);
    await app.register(workloadAuth, authOptions().options);
    app.put("/orders/1", async (request) => `${request.caller.id} ${request.body}`);
    await app.listen({ host: "127.0.0.1", port: 0 });
    const session = connect(`http://127.0.0.1:${await portOf(app.server)}`);
    apps.push(session);
    const proven = await prove({ method: "PUT", target: "/orders/1", content: long });
    const stream = session.request({
      ...{ ":method": "PUT", ":path": "/orders/1", "content-type": "text/plain" },
      ...Object.fromEntries(proven),
      ...(known ? { "content-length": long.length } : {}),
    });
    stream.end(long);
    expect(await text(stream as Readable)).toBe(`${checkout} ${long}`);
  });

  it("a request that satisfies a stricter plugin inside as well", async () => {
    const port = await protectedApp((app) =>
      app.register(
        (inside, _options, done) => {
          const policy = authOptions({ policy: ({ id }) => id.path === "/checkout" }).options;
          inside.register(workloadAuth, policy);
          inside.post("/orders", answer);
          done();
        },
        { prefix: "/admin" },
      ),
    );
    const headers = [["Content-Type", "application/json"]] as const;
    const sent = { method: "POST", target: "/admin/orders", headers, content: '{"sku":1}' };
    const answered = await send(port, sent);
    expect(JSON.parse(answered.body)).toEqual({ from: checkout, body: { sku: 1 } });
  });

  it("content as it arrives, on a route that declares streaming", async () => {
    let first: string | undefined;
    const port = await protectedApp((app) => {
      app.addContentTypeParser("*", async (_: unknown, stream: NodeJS.ReadableStream) => stream);
      const config = { workloadAuth: { content: "streaming" } } as const;
      app.post("/upload", { config }, async (request) => {
        let all = "";
        for await (const chunk of request.raw) {
          first ??= String(chunk);
          all += chunk;
        }
        return all;
      });
    });
    const proven = await prove({ method: "POST", target: "/upload", content: "slowly" });
    const headers = { "content-type": "application/tea", ...Object.fromEntries(proven) };
    const request = sendRequest({ port, method: "POST", path: "/upload", headers });
    const body = new Promise((resolve, reject) => {
      request.on("error", reject).on("response", (response) => resolve(text(response)));
    });
    request.write("slow");
    await until(() => first !== undefined);
    request.end("ly");
    expect(first).toBe("slow");
    expect(await body).toBe("slowly");
  });
});
