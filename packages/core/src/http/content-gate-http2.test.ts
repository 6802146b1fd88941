import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { VerificationError } from "../errors.js";
import type { RequestContent } from "../proof/proof-request.js";
import { proofRequestFrom } from "./proof-request-from.js";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

type Listener = (
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  content: RequestContent,
) => Promise<void>;

const line = { method: "POST", target: "/" };

async function serve(listener: Listener): Promise<ClientHttp2Session> {
  const server = createServer(async (incoming, response) => {
    try {
      const { content } = proofRequestFrom(incoming, line);
      if (content === undefined) response.end("no content");
      else await listener(incoming, response, content);
    } catch (error) {
      response.writeHead(400).end((error as VerificationError).code);
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  session.on("error", () => undefined);
  closing.push(() => {
    session.destroy();
    server.close();
  });
  return session;
}

function post(session: ClientHttp2Session, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
  return session.request({ ":method": "POST", ":path": "/", ...headers });
}

function hash(content: string): string {
  return createHash("sha256").update(content).digest("base64url");
}

function expecting(content: string) {
  return (digest: string) => {
    if (digest !== hash(content)) throw new VerificationError("proof_body_mismatch");
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const long = "0123456789".repeat(30_000);

/** Where the gate finds the content: unread by anyone, or fetched into the buffer. */
const arrivals: Record<string, (incoming: Http2ServerRequest) => Promise<void>> = {
  "verified at once": async () => undefined,
  "verified after asynchronous work": async () => {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  },
  "verified after something made it flow": async (incoming) => {
    incoming.read(0);
    const full = () => incoming.readableLength >= incoming.readableHighWaterMark;
    await until(() => incoming.stream.readableEnded || full());
  },
};

describe.each(Object.entries(arrivals))("HTTP/2 content %s", (_, arrive) => {
  it.each([
    ["buffered", "a short content", "hello", true],
    ["buffered", "a short content of unknown length", "hello", false],
    ["buffered", "a long content", long, true],
    ["buffered", "a long content of unknown length", long, false],
    ["buffered", "an empty content of unknown length", "", false],
    ["streaming", "a short content", "hello", true],
    ["streaming", "a long content of unknown length", long, false],
    ["streaming", "an empty content of unknown length", "", false],
  ] as const)("%s lets %s through untouched", async (mode, _name, content, known) => {
    const session = await serve(async (incoming, response, gate) => {
      await arrive(incoming);
      if (mode === "buffered") await gate.buffered(content.length, expecting(content));
      else await gate.streaming(expecting(content));
      expect(Readable.isDisturbed(incoming)).toBe(false);
      response.end(hash(await text(incoming)));
    });
    const sent = post(session, known ? { "content-length": content.length } : {});
    sent.end(content);
    expect(await text(sent)).toBe(hash(content));
  });

  it("is refused one byte above the limit, and the stream can be answered", async () => {
    const session = await serve(async (incoming, _response, gate) => {
      await arrive(incoming);
      await gate.buffered(long.length - 1, expecting(long));
    });
    const sent = post(session);
    sent.end(long);
    expect(await text(sent)).toBe("body_too_large");
    const next = post(session);
    next.end(long);
    expect(await text(next)).toBe("body_too_large");
  });

  it("is refused when it is not the expected one", async () => {
    const session = await serve(async (incoming, _response, gate) => {
      await arrive(incoming);
      await gate.buffered(1000, expecting("other"));
    });
    const sent = post(session);
    sent.end("hello");
    expect(await text(sent)).toBe("proof_body_mismatch");
  });
});

describe("an HTTP/2 request", () => {
  it("that ends with its headers has no content", async () => {
    const session = await serve(async () => undefined);
    const sent = session.request({ ":method": "GET", ":path": "/" }, { endStream: true });
    expect(await text(sent)).toBe("no content");
  });

  it.each([
    ["while its content is held", false],
    ["before it is verified", true],
  ])("that is lost %s is refused", async (_name, before) => {
    let refusal: unknown;
    const session = await serve(async (incoming, _response, gate) => {
      if (before) {
        session.destroy();
        await until(() => incoming.stream.closed);
      }
      const verified = gate.buffered(1000, () => undefined);
      session.destroy();
      refusal = await verified.catch((error: unknown) => error);
    });
    const sent = post(session);
    sent.on("error", () => undefined);
    sent.write("some");
    await until(() => refusal !== undefined);
    expect(refusal).toMatchObject({ name: "VerificationError", code: "body_aborted" });
  });

  it("is cut off when streamed content is not the expected one", async () => {
    const events: string[] = [];
    let failure: unknown;
    const session = await serve(async (incoming, _response, gate) => {
      await gate.streaming(expecting("other"));
      incoming.on("end", () => events.push("end"));
      incoming.on("error", (error) => {
        failure = error;
      });
      incoming.resume();
    });
    const sent = post(session);
    sent.on("error", () => undefined);
    sent.end("hello");
    await once(sent, "close");
    expect(sent.rstCode).toBe(8);
    expect(failure).toMatchObject({ code: "proof_body_mismatch" });
    expect(events).toEqual([]);
  });

  it.each([
    ["by its sender", (session: ClientHttp2Session) => session.destroy()],
    [
      "by an answer",
      (_: ClientHttp2Session, response: Http2ServerResponse) => response.stream.close(),
    ],
  ])("whose streamed content is stopped %s never ends", async (_name, stop) => {
    const events: string[] = [];
    const session = await serve(async (incoming, response, gate) => {
      await gate.streaming(expecting("some more"));
      incoming.on("end", () => events.push("end"));
      incoming.on("error", (error) => events.push((error as VerificationError).code));
      incoming.on("data", () => stop(session, response));
    });
    const sent = post(session);
    sent.on("error", () => undefined);
    sent.write("some");
    await until(() => events.length > 0);
    expect(events).toEqual(["body_aborted"]);
  });

  it("may be answered before its streamed content was read", async () => {
    const received: string[] = [];
    const session = await serve(async (incoming, response, gate) => {
      await gate.streaming(expecting("early bird"));
      incoming.on("data", (chunk: Buffer) => received.push(chunk.toString()));
      incoming.on("error", (error) => received.push((error as VerificationError).code));
      incoming.on("end", () => received.push("end"));
      response.end("answer");
    });
    const sent = post(session);
    sent.write("early ");
    expect(await text(sent)).toBe("answer");
    sent.end("bird");
    await once(sent, "close");
    await until(() => received.length === 3);
    expect(received).toEqual(["early ", "bird", "end"]);
  });

  it("leaves the session usable when a handler does not read its streamed content", async () => {
    const session = await serve(async (_incoming, response, gate) => {
      await gate.streaming(expecting(long));
      response.end("unread");
    });
    for (let i = 0; i < 3; i++) {
      const sent = post(session);
      sent.on("error", () => undefined);
      sent.end(long);
      expect(await text(sent)).toBe("unread");
    }
  });
});
