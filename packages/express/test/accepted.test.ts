import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import type { Caller } from "@firsthand/core";
import { workloadAuth } from "@firsthand/express";
import type { RequestHandler } from "express";
import multer from "multer";
import { describe, expect, expectTypeOf, it } from "vitest";
import { authOptions, checkout, portOf, send } from "../../../test/support/shop.js";
import { expressVersions } from "./express-versions.js";

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

describe.each(expressVersions)("%s lets through", (_version, express) => {
  /** Answers with the caller and with what is in the body. */
  const answer: RequestHandler = (request, response) => {
    expectTypeOf(request.caller).toEqualTypeOf<Caller>();
    response.json({ from: request.caller.id.toString(), body: request.body ?? null });
  };

  function app(...handlers: readonly RequestHandler[]) {
    const created = express();
    created.use(workloadAuth(authOptions().options), ...handlers);
    return created;
  }

  it("MW-001 a request to a mounted router, proved with its whole path", async () => {
    const router = express.Router();
    router.get("/v1/x", answer);
    const mounted = express();
    mounted.use("/api", workloadAuth(authOptions().options), router);
    const port = await portOf(mounted.listen(0));
    const { status, body } = await send(port, { target: "/api/v1/x?a=1&a=2" });
    expect([status, JSON.parse(body)]).toEqual([200, { from: checkout, body: null }]);
  });

  it("MW-003 a request whose path the router decodes, proved as it was sent", async () => {
    const decoding = app();
    decoding.get("/new/:version/a", (request, response) => {
      response.end(request.params.version);
    });
    const port = await portOf(decoding.listen(0));
    expect(await send(port, { target: "/new/%761/a" })).toMatchObject({ body: "v1" });
  });

  it("MW-007 a HEAD request that the GET handler serves", async () => {
    const seen: string[] = [];
    const serving = app();
    serving.get("/orders", (request, response) => {
      seen.push(`${request.method} ${request.caller.id}`);
      response.end("not sent");
    });
    const port = await portOf(serving.listen(0));
    const answered = await send(port, { method: "HEAD", target: "/orders" });
    expect(answered).toMatchObject({ status: 200, body: "" });
    expect(seen).toEqual([`HEAD ${checkout}`]);
  });

  it("a WIT-SVID with its proof token", async () => {
    const port = await portOf(app(answer).listen(0));
    const sent = { proof: { format: "wpt-02" } } as const;
    expect(await send(port, sent)).toMatchObject({ status: 200 });
  });

  it("nothing in the way of the 404 of the application", async () => {
    const port = await portOf(app().listen(0));
    expect(await send(port, { target: "/nowhere" })).toMatchObject({ status: 404 });
  });

  const parsers: Record<
    string,
    {
      parse: RequestHandler;
      type: string;
      content: string | Uint8Array;
      coding?: string;
      body: unknown;
    }
  > = {
    "express.json": {
      parse: express.json(),
      type: "application/json",
      content: '{ "sku": "tea" }',
      body: { sku: "tea" },
    },
    "express.json, of gzip content": {
      parse: express.json(),
      type: "application/json",
      content: gzipSync('{ "sku": "tea" }'),
      coding: "gzip",
      body: { sku: "tea" },
    },
    "express.urlencoded": {
      parse: express.urlencoded({ extended: false }),
      type: "application/x-www-form-urlencoded",
      content: "sku=tea",
      body: { sku: "tea" },
    },
    "express.text": {
      parse: express.text(),
      type: "text/plain",
      content: "two teas",
      body: "two teas",
    },
    "express.raw, of more than a socket read": {
      parse: express.raw({ limit: "1mb" }),
      type: "application/octet-stream",
      content: "0123456789".repeat(30_000),
      body: JSON.parse(JSON.stringify(Buffer.from("0123456789".repeat(30_000)))),
    },
    multer: {
      parse: multer().single("picture"),
      type: "multipart/form-data; boundary=teapot",
      content: formData,
      body: { sku: "tea" },
    },
    "iteration of the request": {
      parse: async (request, _response, next) => {
        request.body = await text(request);
        next();
      },
      type: "application/octet-stream",
      content: "two teas",
      body: "two teas",
    },
    "events of the request": {
      parse: (request, _response, next) => {
        request.body = "";
        request.setEncoding("utf8").on("data", (part) => {
          request.body += part;
        });
        request.on("end", next);
      },
      type: "application/octet-stream",
      content: "two teas",
      body: "two teas",
    },
  };

  it.each(Object.entries(parsers))("MW-006 content untouched, for %s", async (_name, given) => {
    const { parse, type, content, coding, body } = given;
    const port = await portOf(app(parse, answer).listen(0));
    const coded = coding === undefined ? [] : ([["Content-Encoding", coding]] as const);
    const headers = [["Content-Type", type], ...coded] as const;
    const answered = await send(port, {
      method: "POST",
      target: "/orders?dry=1",
      headers,
      content,
    });
    expect(answered.status).toBe(200);
    expect(JSON.parse(answered.body)).toEqual({ from: checkout, body });
  });

  it("content that waited for an asynchronous middleware", async () => {
    const waiting = express();
    waiting.use((_request, _response, next) => {
      setImmediate(() => setImmediate(next));
    });
    waiting.use(workloadAuth(authOptions().options), express.text({ limit: "1mb" }), answer);
    const port = await portOf(waiting.listen(0));
    const content = "0123456789".repeat(30_000);
    const headers = [["Content-Type", "text/plain"]] as const;
    const answered = await send(port, { method: "PUT", headers, content });
    expect(JSON.parse(answered.body)).toEqual({ from: checkout, body: content });
  });

  it("a request that satisfies two of them, with a parser in between", async () => {
    const strict = workloadAuth(
      authOptions({ policy: ({ id }) => id.path === "/checkout" }).options,
    );
    const port = await portOf(app(express.json(), strict, answer).listen(0));
    const headers = [["Content-Type", "application/json"]] as const;
    const answered = await send(port, { method: "POST", headers, content: '{"sku":1}' });
    expect(JSON.parse(answered.body)).toEqual({ from: checkout, body: { sku: 1 } });
  });

  it("a caller in place of one that other code has put on the request", async () => {
    const forged = express();
    forged.use((request, _response, next) => {
      Object.assign(request, { caller: { id: "spiffe://shop.example/admin" } });
      next();
    });
    forged.use(workloadAuth(authOptions().options), answer);
    const port = await portOf(forged.listen(0));
    expect(JSON.parse((await send(port, {})).body)).toMatchObject({ from: checkout });
  });

  it("a caller that no later code can replace", async () => {
    const failures: unknown[] = [];
    const forge: RequestHandler = (request, _response, next) => {
      for (const attempt of [
        () => Object.assign(request, { caller: "forged" }),
        () => Object.defineProperty(request, "caller", { value: "forged" }),
        () => Reflect.deleteProperty(request, "caller") || failures.push("not deleted"),
      ]) {
        try {
          attempt();
        } catch (error) {
          failures.push((error as Error).name);
        }
      }
      next();
    };
    const port = await portOf(app(forge, answer).listen(0));
    expect(JSON.parse((await send(port, {})).body)).toMatchObject({ from: checkout });
    expect(failures).toEqual(["TypeError", "TypeError", "not deleted"]);
  });
});
