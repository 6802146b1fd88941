import { once } from "node:events";
import { type IncomingMessage, request as sendRequest } from "node:http";
import { text } from "node:stream/consumers";
import formBody from "@fastify/formbody";
import multipart from "@fastify/multipart";
import { callContext, withoutCallContext } from "@firsthand/core";
import { refusalHandler, workloadAuth } from "@firsthand/fastify";
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, describe, expect, it } from "vitest";
import { authOptions, checkout, portOf, prove, send } from "../../../test/support/shop.js";

const apps: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function protectedApp(
  configure: (app: FastifyInstance) => unknown,
  content?: "buffered" | "streaming",
): Promise<number> {
  const app = Fastify();
  apps.push(app);
  await app.register(workloadAuth, { ...authOptions().options, content });
  await configure(app);
  await app.listen({ host: "127.0.0.1", port: 0 });
  return portOf(app.server);
}

const whom = () => callContext()?.caller?.id.toString();
const large = "tea".repeat(40_000);
const contents = {
  json: ["application/json", JSON.stringify({ note: large })],
  "a form": ["application/x-www-form-urlencoded", `note=${large}`],
  "form data": [
    "multipart/form-data; boundary=teapot",
    `--teapot\r\nContent-Disposition: form-data; name="note"\r\n\r\n${large}\r\n--teapot--\r\n`,
  ],
} as const;
const modes = ["buffered", "streaming"] as const;
const rows = Object.keys(contents).flatMap((name) =>
  modes.map((mode) => [name as keyof typeof contents, mode] as const),
);

describe("the call context in Fastify", () => {
  it("is there in every hook after the verification, and in the handler", async () => {
    const seen: (readonly [string, string | undefined])[] = [];
    const note = (name: string) => async () => void seen.push([name, whom()]);
    const port = await protectedApp((app) => {
      app.addHook("onRequest", note("onRequest"));
      app.addHook("preParsing", note("preParsing"));
      app.addHook("preValidation", note("preValidation"));
      app.addHook("preHandler", note("preHandler"));
      app.addHook("preSerialization", note("preSerialization"));
      app.addHook("onSend", note("onSend"));
      app.post("/", async () => {
        await new Promise(setImmediate);
        seen.push(["handler", whom()]);
        return {};
      });
    });
    const headers = [["content-type", "application/json"]] as const;
    const sent = { method: "POST", content: "{}", headers };
    expect(await send(port, sent)).toMatchObject({ status: 200 });
    expect(seen.map(([, caller]) => caller)).toEqual(seen.map(() => checkout));
    expect(seen).toHaveLength(7);
  });

  it.each(rows)("outlasts the parser of %s, %s", async (name, mode) => {
    const port = await protectedApp(async (app) => {
      await app.register(formBody, { bodyLimit: 2 ** 20 });
      await app.register(multipart, { attachFieldsToBody: true });
      app.post("/", async () => ({ caller: whom() }));
    }, mode);
    const [type, content] = contents[name];
    const { body } = await send(port, {
      method: "POST",
      content,
      headers: [["content-type", type]],
    });
    expect(JSON.parse(body)).toEqual({ caller: checkout });
  });

  it("outlasts a parser whose content arrives bit by bit", async () => {
    let parses = () => {};
    const parsing = new Promise<void>((resolve) => {
      parses = resolve;
    });
    const port = await protectedApp((app) => {
      app.addHook("preParsing", async () => parses());
      app.post("/", async () => ({ caller: whom() }));
    }, "streaming");
    const content = JSON.stringify({ note: large });
    const fields = await prove({ method: "POST", content });
    const headers = [
      "Host",
      "orders.example",
      "Content-Type",
      "application/json",
      ...fields.flat(),
    ];
    headers.push("Content-Length", String(content.length));
    const request = sendRequest({ port, host: "127.0.0.1", method: "POST", headers, agent: false });
    request.write(content.slice(0, 10));
    await parsing;
    request.end(content.slice(10));
    const [response] = (await once(request, "response")) as [IncomingMessage];
    expect(JSON.parse(await text(response))).toEqual({ caller: checkout });
  });

  it("is there in the 404 handler", async () => {
    const port = await protectedApp((app) => {
      app.setNotFoundHandler(async () => ({ caller: whom() }));
    });
    const { body } = await send(port, { target: "/nowhere" });
    expect(JSON.parse(body)).toEqual({ caller: checkout });
  });

  it("stays what a hook made of it", async () => {
    const port = await protectedApp((app) => {
      app.addHook("preHandler", (_request, _reply, done) => withoutCallContext(done));
      app.get("/", async () => ({ caller: whom() ?? "nobody" }));
    });
    expect(JSON.parse((await send(port, {})).body)).toEqual({ caller: "nobody" });
  });

  it("is not there for a request that was refused", async () => {
    const seen: unknown[] = [];
    const port = await protectedApp((app) => {
      app.setErrorHandler((error, request, reply) => {
        seen.push(callContext());
        refusalHandler(error, request, reply);
      });
    });
    expect((await send(port, { proof: false })).status).toBe(401);
    expect(seen).toEqual([undefined]);
  });

  it("leaves an error of a hook that runs in it to Fastify", async () => {
    const port = await protectedApp((app) => {
      app.addHook("onRequest", () => {
        throw new Error("a hook that fails");
      });
      app.setErrorHandler((error, _request, reply) =>
        reply.code(418).send((error as Error).message),
      );
    });
    expect(await send(port, {})).toMatchObject({ status: 418, body: "a hook that fails" });
  });
});
