import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  connect,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { VerificationError } from "../errors.js";
import type { ResponseSigner } from "../signature/response-signer.js";
import type { OutgoingResponse } from "../signature/sign-response.js";
import { signWhenEnded } from "./sign-when-ended.js";
import type { SignedServerResponse } from "./signed-server-response.js";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A signer that writes down what it signs. */
function signerOf(options: Partial<ResponseSigner> = {}) {
  const signed: OutgoingResponse[] = [];
  const signer: ResponseSigner = {
    isRequired: true,
    contentLimitBytes: 10,
    async sign(response) {
      signed.push({ ...response, content: Uint8Array.from(response.content) });
      return [["x-signed", "yes"]];
    },
    refuse: async (cause) => new VerificationError("response_unsignable", { cause }),
    ...options,
  };
  return { signer, signed };
}

type Handler = (response: ServerResponse) => unknown;

async function answerOf(signer: ResponseSigner, handler: Handler, method = "GET") {
  const server = createServer((request: IncomingMessage, response) => {
    signWhenEnded(request.method, response as unknown as SignedServerResponse, signer);
    handler(response);
  });
  const port = await listen(server);
  const response = await fetch(`http://127.0.0.1:${port}`, { method });
  return { response, body: await response.text() };
}

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe("signWhenEnded", () => {
  it.each<[title: string, handler: Handler]>([
    ["an object", (response) => response.writeHead(202, { "x-a": "1", "x-b": ["2", "3"] })],
    [
      "a reason and an object",
      (response) => response.writeHead(202, "Yes", { "x-a": "1", "x-b": ["2", "3"] }),
    ],
    [
      "names and values in turn",
      (response) => response.writeHead(202, ["x-a", "1", "x-b", "2", "x-b", "3"]),
    ],
    [
      "pairs",
      (response) =>
        response.writeHead(202, [
          ["x-a", "1"],
          ["x-b", "2"],
          ["x-b", "3"],
        ] as never),
    ],
  ])("signs a head that is written as %s", async (_title, writeHead) => {
    const { signer, signed } = signerOf();
    const { response, body } = await answerOf(signer, (answer) => {
      expect(answer.headersSent).toBe(false);
      writeHead(answer);
      writeHead(answer);
      expect(answer.headersSent).toBe(true);
      answer.end("hello");
    });
    expect([response.status, body, response.headers.get("x-signed")]).toEqual([
      202,
      "hello",
      "yes",
    ]);
    expect(signed).toEqual([
      {
        status: 202,
        headers: [
          ["x-a", "1"],
          ["x-b", "2"],
          ["x-b", "3"],
        ],
        content: Uint8Array.from(Buffer.from("hello")),
      },
    ]);
  });

  it("leaves a head alone that sets nothing", async () => {
    const { signer, signed } = signerOf();
    await answerOf(signer, (answer) => answer.writeHead(203, { "x-a": undefined } as never).end());
    expect(signed[0]).toMatchObject({ status: 203, headers: [] });
  });

  it("calls back, and answers once", async () => {
    const { signer, signed } = signerOf();
    const called: string[] = [];
    const { body } = await answerOf(signer, (answer) => {
      answer.write("a", () => called.push("a"));
      answer.write(Buffer.from("b"), "utf8" as never, () => called.push("b"));
      answer.end("c", () => called.push("c"));
      expect(answer.writableEnded).toBe(true);
      expect(answer.write("d")).toBe(true);
      answer.end("e");
      answer.flushHeaders();
    });
    expect(body).toBe("abc");
    expect(called).toEqual(["a", "b", "c"]);
    expect(signed).toHaveLength(1);
  });

  it.each([204, 304])("signs no content with %i", async (status) => {
    const { signer, signed } = signerOf();
    await answerOf(signer, (answer) => {
      answer.statusCode = status;
      answer.end("ignored");
    });
    expect(signed[0]?.content).toHaveLength(0);
  });

  const tooMuch: Handler = (answer) => {
    answer.setHeader("x-secret", "1");
    answer.write("0123456789");
    answer.write("0");
    answer.write("1");
    answer.end("2");
  };

  it("withholds what is too much, for good", async () => {
    const { response, body } = await answerOf(signerOf().signer, tooMuch);
    expect(response.status).toBe(501);
    expect(JSON.parse(body)).toMatchObject({ code: "response_unsigned", status: 501 });
    expect(response.headers.has("x-secret")).toBe(false);
  });

  it("lets too much through where no signature is required", async () => {
    const { signer, signed } = signerOf({ isRequired: false });
    const { response, body } = await answerOf(signer, tooMuch);
    expect([response.status, body, signed.length]).toEqual([200, "0123456789012", 0]);
  });

  it("lets all of it through at once where it comes with the end", async () => {
    const { signer } = signerOf({ isRequired: false });
    const { body } = await answerOf(signer, (answer) => {
      answer.writeHead(200);
      answer.end("01234567890");
    });
    expect(body).toBe("01234567890");
  });

  it("lets headers through that are flushed, once and again, where no signature is required", async () => {
    const { response, body } = await answerOf(signerOf({ isRequired: false }).signer, (answer) => {
      answer.flushHeaders();
      answer.flushHeaders();
      answer.end("hello");
    });
    expect([response.status, body, response.headers.has("x-signed")]).toEqual([
      200,
      "hello",
      false,
    ]);
  });

  it("sends unsigned what cannot be signed, where no signature is required", async () => {
    const sign = () => Promise.reject(new Error("no key"));
    const { body } = await answerOf(signerOf({ isRequired: false, sign }).signer, (answer) =>
      answer.end("hello"),
    );
    expect(body).toBe("hello");
    const required = await answerOf(signerOf({ sign }).signer, (answer) => answer.end("hello"));
    expect(required.response.status).toBe(501);
  });

  it("cuts the exchange off where not even the refusal can be recorded", async () => {
    const refuse = () => Promise.reject(new Error("no observer"));
    const { signer } = signerOf({ refuse });
    await expect(answerOf(signer, (answer) => answer.flushHeaders())).rejects.toThrow(
      "fetch failed",
    );
  });

  it("cuts the exchange off where Node refuses to send what was held", async () => {
    const answer = answerOf(signerOf().signer, (response) => {
      response.strictContentLength = true;
      response.setHeader("content-length", 1);
      response.end("hello");
    });
    await expect(answer).rejects.toThrow("fetch failed");
  });

  it("signs over HTTP/2", async () => {
    const { signer, signed } = signerOf();
    const server = createHttp2Server(
      (request: Http2ServerRequest, response: Http2ServerResponse) => {
        signWhenEnded(request.method, response as unknown as SignedServerResponse, signer);
        if (request.url === "/big") response.end("01234567890");
        else response.writeHead(201, { "x-a": "1" }).end("hello");
      },
    );
    const session = connect(`http://127.0.0.1:${await listen(server)}`);
    closing.push(() => session.close());
    const get = async (path: string) => {
      const stream = session.request({ ":path": path });
      const [headers] = await once(stream, "response");
      return { headers, body: await text(stream) };
    };
    expect(await get("/")).toMatchObject({
      headers: { ":status": 201, "x-signed": "yes", "x-a": "1" },
      body: "hello",
    });
    expect(await get("/big")).toMatchObject({ headers: { ":status": 501 } });
    expect(signed).toHaveLength(1);
  });
});
