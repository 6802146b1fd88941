import { once } from "node:events";
import { createServer } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { ProofRequest } from "../proof/proof-request.js";
import { proofRequestFrom } from "./proof-request-from.js";
import type { ReceivedMessage } from "./received-message.js";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const line = { method: "PATCH", target: "/mounted/orders?dry=1" };

/** The first request that a server gets, as a verifier reads it. */
async function received<Message extends ReceivedMessage>(
  server: Server,
  send: (port: number) => () => void,
): Promise<ProofRequest> {
  const request = new Promise<ProofRequest>((resolve) => {
    server.on("request", (message: Message) => resolve(proofRequestFrom(message, line)));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const close = send((server.address() as AddressInfo).port);
  closing.push(close, () => server.close());
  return request;
}

function receivedRaw(text: string): Promise<ProofRequest> {
  return received(createServer(), (port) => {
    const socket = connect(port, "127.0.0.1");
    socket.write(text, "latin1");
    return () => socket.destroy();
  });
}

function receivedHttp2(endStream: boolean): Promise<ProofRequest> {
  return received(createHttp2Server(), (port) => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const headers = { ":method": "POST", ":path": "/", "svid-proof": "a", "x-other": ["1", "2"] };
    session.request(headers, { endStream });
    return () => session.destroy();
  });
}

describe("proofRequestFrom", () => {
  it("keeps method and target of the framework, and every header field as it came", async () => {
    const request = await receivedRaw(
      "GET /other HTTP/1.1\r\nHost: x\r\nSVID-Proof: a\r\nsvid-proof: b\r\n__proto__: c\r\n\r\n",
    );
    expect(request).toEqual({
      ...line,
      headers: [
        ["Host", "x"],
        ["SVID-Proof", "a"],
        ["svid-proof", "b"],
        ["__proto__", "c"],
      ],
      content: undefined,
    });
  });

  it("leaves out the pseudo-header fields of HTTP/2", async () => {
    expect((await receivedHttp2(true)).headers).toEqual([
      ["svid-proof", "a"],
      ["x-other", "1"],
      ["x-other", "2"],
    ]);
  });

  it.each([
    ["GET", "", false],
    ["POST", "", false],
    ["POST", "Content-Length: 0\r\n", false],
    ["POST", "content-length: 5\r\n", true],
    ["GET", "Content-Length: 5\r\n", true],
    ["POST", "Transfer-Encoding: chunked\r\n", true],
    ["DELETE", "TRANSFER-ENCODING: chunked\r\n", true],
  ])("sees whether a %s request with '%s' has content: %s", async (method, field, expected) => {
    const { content } = await receivedRaw(`${method} / HTTP/1.1\r\nHost: x\r\n${field}\r\n`);
    expect(content !== undefined).toBe(expected);
  });

  it.each([
    [true, false],
    [false, true],
  ])(
    "sees whether an HTTP/2 request has content: ended with its headers %s",
    async (ended, expected) => {
      const { content } = await receivedHttp2(ended);
      expect(content !== undefined).toBe(expected);
    },
  );
});
