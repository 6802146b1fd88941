import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  Agent,
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, connect, type Server } from "node:net";
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
  request: IncomingMessage,
  response: ServerResponse,
  content: RequestContent,
) => Promise<void>;

const line = { method: "POST", target: "/" };

/** Answers 200 with what the listener wrote, or 400 with the code of what it threw. */
async function serve(listener: Listener): Promise<number> {
  const server = createServer(async (incoming, response) => {
    try {
      const { content } = proofRequestFrom(incoming, line);
      if (content === undefined) response.setHeader("content-length", 12).end("no content\r\n");
      else await listener(incoming, response, content);
    } catch (error) {
      response.writeHead(400).end((error as VerificationError).code);
    }
  });
  return listen(server);
}

async function listen(server: Server & { closeAllConnections?(): void }): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  closing.push(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function hash(content: string): string {
  return createHash("sha256").update(content).digest("base64url");
}

/** Accepts one content only, and says what it was asked about. */
function expecting(content: string) {
  const seen: string[] = [];
  const accept = (digest: string) => {
    seen.push(digest);
    if (digest !== hash(content)) throw new VerificationError("proof_body_mismatch");
  };
  return { accept, seen };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Sends on one connection; resolves with all that came back when the server ends it. */
async function sendRaw(port: number, ...parts: readonly string[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  closing.push(() => socket.destroy());
  for (const part of parts) socket.write(part, "latin1");
  return text(socket);
}

function head(...fields: readonly string[]): string {
  return ["POST / HTTP/1.1", "Host: x", ...fields, "", ""].join("\r\n");
}

function withLength(content: string, ...fields: readonly string[]): string {
  return `${head(...fields, `Content-Length: ${content.length}`)}${content}`;
}

function chunked(chunks: readonly string[], ...fields: readonly string[]): string {
  const coded = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("");
  return `${head(...fields, "Transfer-Encoding: chunked")}${coded}0\r\n\r\n`;
}

function post(port: number, headers: Record<string, string | number> = {}): ClientRequest {
  return request({ port, host: "127.0.0.1", method: "POST", headers, agent: false });
}

async function answerOf(sent: ClientRequest): Promise<string> {
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return `${response.statusCode} ${await text(response)}`;
}

/** Pseudo-random, so that no two parts are alike and order shows. */
function letters(length: number): string {
  let state = 1;
  let content = "";
  while (content.length < length) {
    state = (state * 48271) % 0x7fffffff;
    content += state.toString(36);
  }
  return content.slice(0, length);
}

/** Where the gate finds the content: still to come, in part or entirely in the stream's buffer. */
const arrivals: Record<string, (incoming: IncomingMessage) => Promise<void>> = {
  "verified at once": async () => undefined,
  "verified after asynchronous work": async (incoming) => {
    const full = () => incoming.readableLength >= incoming.readableHighWaterMark;
    await until(() => incoming.complete || full());
  },
};

const close = "Connection: close";
const contents: Record<string, [content: string, sent: string]> = {
  "a short content": ["hello", withLength("hello", close)],
  "a content of more than a socket read": [letters(300_000), withLength(letters(300_000), close)],
  "a chunked content": ["one two", chunked(["one", " two"], close)],
  "an empty chunked content": ["", chunked([], close)],
  "a content in many small chunks": [letters(20_000), chunked([...letters(20_000)], close)],
  "a content in large chunks": [
    letters(400_000),
    chunked([letters(400_000).slice(0, 150_000), letters(400_000).slice(150_000)], close),
  ],
};

describe.each(Object.entries(arrivals))("content %s", (_, arrive) => {
  it.each(Object.entries(contents))(
    "buffered lets %s through untouched",
    async (_name, [content, sent]) => {
      const { accept, seen } = expecting(content);
      const port = await serve(async (incoming, response, gate) => {
        await arrive(incoming);
        await gate.buffered(content.length, accept);
        expect(Readable.isDisturbed(incoming)).toBe(false);
        expect(incoming.readableLength).toBe(content.length);
        response.end(hash(await text(incoming)));
      });
      expect(await sendRaw(port, sent)).toContain(hash(content));
      expect(seen).toEqual([hash(content)]);
    },
  );

  it.each(Object.entries(contents))(
    "streaming lets %s through untouched",
    async (_name, [content, sent]) => {
      const { accept, seen } = expecting(content);
      const port = await serve(async (incoming, response, gate) => {
        await arrive(incoming);
        await gate.streaming(accept);
        expect(Readable.isDisturbed(incoming)).toBe(false);
        response.end(hash(await text(incoming)));
      });
      expect(await sendRaw(port, sent)).toContain(hash(content));
      expect(seen).toEqual([hash(content)]);
    },
  );

  it.each([
    ["content-length", withLength(letters(200_001), close)],
    ["chunks", chunked([letters(200_001)], close)],
  ])("is refused one byte above the limit, with %s", async (_name, sent) => {
    const { accept, seen } = expecting(letters(200_001));
    const port = await serve(async (incoming, _response, gate) => {
      await arrive(incoming);
      await gate.buffered(200_000, accept);
    });
    expect(await sendRaw(port, sent)).toContain("body_too_large");
    expect(seen).toEqual([]);
  });

  it.each([
    ["short", "hello"],
    ["long", letters(300_000)],
  ])("that is %s and not the expected one is dropped", async (_name, content) => {
    const port = await serve(async (incoming, response, gate) => {
      await arrive(incoming);
      await expect(gate.buffered(2 ** 20, expecting("other").accept)).rejects.toMatchObject({
        code: "proof_body_mismatch",
      });
      response.end("refused");
    });
    expect(await sendRaw(port, withLength(content, close))).toContain("refused");
  });
});

describe("content that its sender aborts", () => {
  it.each(["while it is held", "before it is verified"])("%s is refused", async (when) => {
    const abort = new AbortController();
    let refusal: unknown;
    const port = await serve(async (incoming, response, gate) => {
      await until(() => incoming.readableLength > 0);
      if (when === "before it is verified") {
        abort.abort();
        await until(() => incoming.destroyed);
      }
      const verified = gate.buffered(1000, () => undefined);
      abort.abort();
      refusal = await verified.catch((error: unknown) => error);
      response.end();
    });
    const sent = post(port, { "content-length": 100 });
    abort.signal.addEventListener("abort", () => sent.destroy());
    sent.on("error", () => undefined);
    sent.write("some");
    await until(() => refusal !== undefined);
    expect(refusal).toMatchObject({ name: "VerificationError", code: "body_aborted" });
  });

  it("never ends for a handler that gets it as it arrives", async () => {
    const events: string[] = [];
    const { accept, seen } = expecting("some");
    let sent: ClientRequest | undefined;
    const port = await serve(async (incoming, _response, gate) => {
      await gate.streaming(accept);
      incoming.on("end", () => events.push("end"));
      incoming.on("close", () => events.push("close"));
      incoming.on("data", () => sent?.destroy());
    });
    sent = post(port, { "content-length": 100 });
    sent.on("error", () => undefined);
    sent.write("some");
    await until(() => events.length > 0);
    expect(events).toEqual(["close"]);
    expect(seen).toEqual([]);
  });
});

describe("a connection", () => {
  /** Three requests on one connection; the last one ends it. */
  async function sendThree(port: number, second: string): Promise<string[]> {
    const answers = await sendRaw(port, withLength("first") + second + withLength("third", close));
    return answers.match(/^(HTTP\/1.1 \d+|no content|read \w*|refused \w+)/gm) ?? [];
  }

  it.each([
    ["accepted", withLength("second"), ["HTTP/1.1 200", "read second"]],
    ["accepted in chunks", chunked(["sec", "ond"]), ["HTTP/1.1 200", "read second"]],
    ["without content", head("Content-Length: 0"), ["HTTP/1.1 200", "no content"]],
    ["refused", withLength("wrong"), ["HTTP/1.1 403", "refused proof_body_mismatch"]],
    ["too large", withLength(letters(200_000)), ["HTTP/1.1 403", "refused body_too_large"]],
    [
      "too large in chunks",
      chunked([...letters(1001), letters(100_000)]),
      ["HTTP/1.1 403", "refused body_too_large"],
    ],
    [
      "waiting for 100 Continue",
      withLength("second", "Expect: 100-continue"),
      ["HTTP/1.1 100", "HTTP/1.1 200", "read second"],
    ],
  ])(
    "is used further and in order when a pipelined request is %s",
    async (_name, sent, expected) => {
      const good = ["first", "second", "third"].map(hash);
      const port = await serve(async (incoming, response, gate) => {
        try {
          await gate.buffered(1000, (digest) => {
            if (!good.includes(digest)) throw new VerificationError("proof_body_mismatch");
          });
          const content = await text(incoming);
          response.setHeader("content-length", content.length + 7);
          response.end(`read ${content}\r\n`);
        } catch (error) {
          const answer = `refused ${(error as VerificationError).code}\r\n`;
          response.writeHead(403, { "content-length": answer.length }).end(answer);
        }
      });
      expect(await sendThree(port, sent)).toEqual([
        ...["HTTP/1.1 200", "read first"],
        ...expected,
        ...["HTTP/1.1 200", "read third"],
      ]);
    },
  );

  it.each([
    ["buffered", "verified at once"],
    ["buffered", "verified after asynchronous work"],
    ["streaming", "verified at once"],
    ["streaming", "verified after asynchronous work"],
  ] as const)(
    "is used further when a handler leaves %s content, %s, unread",
    async (mode, when) => {
      const sockets = new Set<unknown>();
      const content = letters(300_000);
      const port = await serve(async (incoming, response, gate) => {
        sockets.add(incoming.socket);
        await arrivals[when]?.(incoming);
        if (mode === "buffered") await gate.buffered(2 ** 20, expecting(content).accept);
        else await gate.streaming(expecting(content).accept);
        response.end("unread");
      });
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      closing.push(() => agent.destroy());
      for (let i = 0; i < 3; i++) {
        const headers = { "content-length": content.length };
        const sent = request({ port, host: "127.0.0.1", method: "POST", headers, agent });
        sent.end(content);
        expect(await answerOf(sent)).toBe("200 unread");
      }
      expect(sockets.size).toBe(1);
    },
  );
});

describe("buffered content", () => {
  it("stays away from the handler until all of a slow upload was accepted", async () => {
    let accepted = false;
    let incoming: IncomingMessage | undefined;
    const port = await serve(async (message, response, gate) => {
      incoming = message;
      await gate.buffered(1000, () => {
        accepted = true;
      });
      response.end(await text(message));
    });
    const sent = post(port, { "transfer-encoding": "chunked" });
    sent.flushHeaders();
    await until(() => incoming !== undefined);
    for (const part of ["slow", "ly"]) {
      const before = incoming?.socket.bytesRead ?? 0;
      sent.write(part);
      await until(() => (incoming?.socket.bytesRead ?? 0) > before);
      expect([accepted, incoming?.readableLength]).toEqual([false, 0]);
    }
    sent.end();
    expect(await answerOf(sent)).toBe("200 slowly");
    expect(accepted).toBe(true);
  });

  it("still ends after a refusal, because frameworks wait for it", async () => {
    const port = await serve(async (incoming, response, gate) => {
      await expect(gate.buffered(10, () => undefined)).rejects.toMatchObject({
        code: "body_too_large",
      });
      incoming.resume();
      await once(incoming, "end");
      response.end("ended");
    });
    expect(await sendRaw(port, chunked([letters(11), letters(90_000)], close))).toContain("ended");
  });
});

describe("streamed content", () => {
  it("arrives at the handler before its end does", async () => {
    const { accept, seen } = expecting("slowly");
    const received: string[] = [];
    const port = await serve(async (incoming, response, gate) => {
      await gate.streaming(accept);
      incoming.on("data", (chunk: Buffer) => received.push(chunk.toString()));
      incoming.on("end", () => response.end(received.join("|")));
    });
    const sent = post(port, { "transfer-encoding": "chunked" });
    sent.write("slow");
    await until(() => received.length === 1);
    sent.write("ly");
    await until(() => received.length === 2);
    expect(seen).toEqual([]);
    sent.end();
    expect(await answerOf(sent)).toBe("200 slow|ly");
    expect(seen).toEqual([hash("slowly")]);
  });

  it("fails in place of its end when it is not the expected one", async () => {
    const { accept } = expecting("other");
    const events: string[] = [];
    let failure: unknown;
    const port = await serve(async (incoming, _response, gate) => {
      await gate.streaming(accept);
      incoming.on("end", () => events.push("end"));
      incoming.on("error", (error) => {
        failure = error;
      });
      incoming.resume();
    });
    const sent = post(port, { "transfer-encoding": "chunked" });
    sent.write("slow");
    const cut = once(sent, "error");
    sent.end("ly");
    expect((await cut)[0]).toMatchObject({ code: "ECONNRESET" });
    expect(failure).toMatchObject({ code: "proof_body_mismatch" });
    expect(events).toEqual([]);
  });

  it("fails without harm when nobody listens for errors", async () => {
    const port = await serve(async (_incoming, _response, gate) => {
      await gate.streaming(expecting("other").accept);
    });
    const sent = post(port, { "transfer-encoding": "chunked" });
    sent.write("slow");
    sent.end("ly");
    expect((await once(sent, "error"))[0]).toMatchObject({ code: "ECONNRESET" });
  });

  it("is refused before the handler runs when all of it is there already", async () => {
    const port = await serve(async (incoming, _response, gate) => {
      await until(() => incoming.complete);
      await gate.streaming(expecting("other").accept);
    });
    const answer = await sendRaw(port, withLength("hello", close));
    expect(answer).toContain("proof_body_mismatch");
  });
});

describe("content that something read before it was verified", () => {
  const readers: Record<string, (incoming: IncomingMessage) => unknown> = {
    "a parser that is done": (incoming) => text(incoming),
    "a listener for data": (incoming) => incoming.on("data", () => undefined).pause(),
    "a listener for readable": (incoming) => incoming.on("readable", () => undefined),
    "a call of resume": (incoming) => incoming.resume(),
    "a call of setEncoding": (incoming) => incoming.setEncoding("utf8"),
    "a call of read": async (incoming) => {
      await until(() => incoming.readableLength > 0);
      incoming.read(1);
    },
    "a stream that does not show its buffer": async (incoming) => {
      await until(() => incoming.readableLength > 0);
      Object.defineProperty(incoming, "readableBuffer", { value: undefined });
    },
  };

  it.each(
    Object.entries(readers).flatMap(([name, read]) => [
      { name, mode: "buffered", read },
      { name, mode: "streaming", read },
    ]),
  )("is a mistake in the program: $name, $mode", async ({ mode, read }) => {
    let failure: unknown;
    const port = await serve(async (incoming, response, gate) => {
      await read(incoming);
      const verified =
        mode === "buffered"
          ? gate.buffered(1000, () => undefined)
          : gate.streaming(() => undefined);
      failure = await Promise.resolve(verified).catch((error: unknown) => error);
      response.end();
    });
    await sendRaw(port, withLength("hello", close));
    expect(failure).toMatchObject({ name: "ConfigurationError", code: "body_consumed" });
    expect((failure as Error).message).toContain("before any body parser");
  });
});

it("content of an imitated message, which may push strings, is let through", async () => {
  const imitation = Object.assign(
    new Readable({
      read() {
        this.push("tea");
        this.push(null);
      },
    }),
    { rawHeaders: ["content-length", "3"], complete: false, aborted: false },
  );
  const { content } = proofRequestFrom(imitation, line);
  await content?.buffered(3, expecting("tea").accept);
  expect(await text(imitation)).toBe("tea");
});

describe("content that is verified twice", () => {
  type Verify = (gate: RequestContent, accept: (digest: string) => void) => unknown;
  const buffered: Verify = (gate, accept) => gate.buffered(2 ** 20, accept);
  const streaming: Verify = (gate, accept) => gate.streaming(accept);

  it.each(
    Object.entries(arrivals).flatMap(([name, arrive]) => [
      { name: `buffered, then buffered, ${name}`, arrive, first: buffered, second: buffered },
      { name: `buffered, then streaming, ${name}`, arrive, first: buffered, second: streaming },
      { name: `streaming, then buffered, ${name}`, arrive, first: streaming, second: buffered },
      { name: `streaming, then streaming, ${name}`, arrive, first: streaming, second: streaming },
    ]),
  )("reaches the handler whole: $name", async ({ arrive, first, second }) => {
    const content = letters(300_000);
    const { accept, seen } = expecting(content);
    const port = await serve(async (incoming, response, gate) => {
      await arrive(incoming);
      await first(gate, accept);
      const again = proofRequestFrom(incoming, line).content as RequestContent;
      await second(again, accept);
      response.end(hash(await text(incoming)));
    });
    expect(await sendRaw(port, withLength(content, close))).toContain(hash(content));
    expect(seen).toEqual([hash(content), hash(content)]);
  });

  it.each([
    ["buffered", buffered],
    ["streaming", streaming],
  ])("may have been read by a parser in between, %s", async (_name, verify) => {
    const port = await serve(async (incoming, response, gate) => {
      await verify(gate, expecting("hello").accept);
      await text(incoming);
      const again = proofRequestFrom(incoming, line).content as RequestContent;
      await verify(again, expecting("hello").accept);
      await expect(verify(again, expecting("other").accept)).rejects.toMatchObject({
        code: "proof_body_mismatch",
      });
      response.end("done");
    });
    expect(await sendRaw(port, withLength("hello", close))).toContain("done");
  });

  it("is held to the smaller limit too", async () => {
    const port = await serve(async (_incoming, _response, gate) => {
      await gate.buffered(5, () => undefined);
      await gate.buffered(4, () => undefined);
    });
    expect(await sendRaw(port, withLength("hello", close))).toContain("body_too_large");
  });
});
