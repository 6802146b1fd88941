import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request as sendRequest } from "node:http";
import { text } from "node:stream/consumers";
import { callContext, runInCallContext } from "@firsthand/core";
import { refusalHandler, workloadAuth } from "@firsthand/express";
import express4or5, { type RequestHandler } from "express";
import multer from "multer";
import { describe, expect, it } from "vitest";
import { authOptions, checkout, portOf, prove, send } from "../../../test/support/shop.js";
import { expressVersions } from "./express-versions.js";

/** Answers with whom the call context names. */
const answer: RequestHandler = (_request, response) => {
  response.json({ caller: callContext()?.caller?.id ?? null });
};

const formData = [
  "--teapot",
  'Content-Disposition: form-data; name="picture"; filename="tea.txt"',
  "",
  "tea".repeat(40_000),
  "--teapot--",
  "",
].join("\r\n");
const upload = {
  method: "POST",
  headers: [["content-type", "multipart/form-data; boundary=teapot"]],
  content: formData,
} as const;

describe.each(expressVersions)("the call context in %s", (_version, express) => {
  async function portFor(content: "buffered" | "streaming", ...handlers: RequestHandler[]) {
    const app = express();
    app.use(workloadAuth({ ...authOptions().options, content }), ...handlers);
    app.use(refusalHandler);
    const server = createServer(app).listen(0, "127.0.0.1");
    return portOf(server);
  }

  const order = {
    method: "POST",
    headers: [["content-type", "application/json"]],
    content: JSON.stringify({ note: "tea".repeat(40_000) }),
  } as const;

  it.each(["buffered", "streaming"] as const)("outlasts a body parser, %s", async (content) => {
    const json = express4or5.json({ limit: "1mb" });
    const { body } = await send(await portFor(content, json, answer), order);
    expect(JSON.parse(body)).toEqual({ caller: checkout });
  });

  it("outlasts what a handler awaits", async () => {
    const late: RequestHandler = async (request, response, next) => {
      await new Promise(setImmediate);
      answer(request, response, next);
    };
    const { body } = await send(await portFor("buffered", late), {});
    expect(JSON.parse(body)).toEqual({ caller: checkout });
  });

  it("can be entered again after a parser that loses it", async () => {
    const resume: RequestHandler = (request, _response, next) =>
      runInCallContext(request.caller, next);
    const parse = multer().single("picture");
    const { body } = await send(await portFor("streaming", parse, resume, answer), upload);
    expect(JSON.parse(body)).toEqual({ caller: checkout });
  });

  it("is not there for what comes after it over the same connection", async () => {
    const seen: unknown[] = [];
    const note: RequestHandler = (_request, response) => {
      seen.push(callContext()?.caller?.id.toString());
      response.end();
    };
    const app = express();
    app.get("/open", note);
    app.use(workloadAuth(authOptions().options), note);
    app.use(((_error, request, response, next) => {
      note(request, response, next);
    }) satisfies typeof refusalHandler);
    const port = await portOf(createServer(app).listen(0, "127.0.0.1"));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const targets = ["/open", "/proved", "/refused", "/open", "/proved", "/open"];
    await Promise.all(
      targets.map(async (target) => {
        const fields = target === "/proved" ? await prove({ target }) : [];
        const headers = ["Host", "orders.example", ...fields.flat()];
        const request = sendRequest({ port, host: "127.0.0.1", path: target, headers, agent });
        const [response] = (await once(request.end(), "response")) as [IncomingMessage];
        return text(response);
      }),
    );
    agent.destroy();
    expect(seen.filter((caller) => caller === checkout)).toHaveLength(2);
    expect(seen.filter((caller) => caller === undefined)).toHaveLength(4);
  });

  it("is not there for a request that was refused", async () => {
    const seen: unknown[] = [];
    const app = express();
    app.use(workloadAuth(authOptions().options));
    app.use(((_error, _request, response, _next) => {
      seen.push(callContext());
      response.status(401).end();
    }) satisfies typeof refusalHandler);
    const server = createServer(app).listen(0, "127.0.0.1");
    expect((await send(await portOf(server), { proof: false })).status).toBe(401);
    expect(seen).toEqual([undefined]);
  });
});
