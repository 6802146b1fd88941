import { once } from "node:events";
import {
  createServer as createHttpServer,
  request as httpRequest,
  type IncomingMessage,
} from "node:http";
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  createSecureServer,
  type Http2ServerRequest,
} from "node:http2";
import { Agent, createServer, request } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { createTrustDomain } from "@firsthand/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { proofRequestFrom } from "./proof-request-from.js";
import type { ReceivedMessage } from "./received-message.js";

const domain = await createTrustDomain("shop.example");
const [orders, checkout] = await Promise.all([
  domain.issueX509Svid("/orders"),
  domain.issueX509Svid("/checkout"),
]);
const serverTls = {
  key: orders.privateKeyPem,
  cert: orders.chainPem,
  requestCert: true,
  rejectUnauthorized: false,
};
const trusting = { rejectUnauthorized: false };
const asCheckout = { key: checkout.privateKeyPem, cert: checkout.chainPem, ...trusting };

const certificatesOf = (message: ReceivedMessage) =>
  proofRequestFrom(message, { method: "GET", target: "/" }).peerCertificates;

/** Starts a server and gives what `look` sees in each request that it gets. */
async function serving<Message extends ReceivedMessage, Seen>(
  server: Server,
  look: (message: Message) => Seen,
): Promise<{ readonly port: number; readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  server.on("request", (message: Message, response: { end(): void }) => {
    seen.push(look(message));
    response.end();
  });
  server.on("tlsClientError", (error) => expect.fail(String(error)));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, seen };
}

async function get(port: number, agent: Agent): Promise<void> {
  const [response] = (await once(request({ port, agent }).end(), "response")) as [IncomingMessage];
  await response.resume().toArray();
}

function agentWith(options: ConstructorParameters<typeof Agent>[0]): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ...options });
  onTestFinished(() => agent.destroy());
  return agent;
}

async function http2Session(port: number, options: object): Promise<ClientHttp2Session> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, options);
  onTestFinished(() => session.destroy());
  return session;
}

async function getHttp2(session: ClientHttp2Session): Promise<void> {
  const stream = session.request({ ":path": "/" });
  await once(stream.resume(), "close");
}

describe("the certificates of the peer", () => {
  it("are those that it presented, the same list for each request of a connection", async () => {
    const { port, seen } = await serving<IncomingMessage, unknown>(
      createServer(serverTls),
      certificatesOf,
    );
    const agent = agentWith(asCheckout);
    await get(port, agent);
    await get(port, agent);
    await get(port, agentWith(asCheckout));
    expect(seen[0]).toEqual(checkout.chain.map((der) => Buffer.from(der)));
    expect(seen[1]).toBe(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
    expect(seen[2]).not.toBe(seen[0]);
    expect(Object.isFrozen(seen[0])).toBe(true);
  });

  it("are found over HTTP/2 as well", async () => {
    const { port, seen } = await serving<Http2ServerRequest, unknown>(
      createSecureServer(serverTls),
      certificatesOf,
    );
    const session = await http2Session(port, asCheckout);
    await getHttp2(session);
    await getHttp2(session);
    await getHttp2(await http2Session(port, trusting));
    expect(seen[0]).toEqual(checkout.chain.map((der) => Buffer.from(der)));
    expect(seen[1]).toBe(seen[0]);
    expect(seen[2]).toBeUndefined();
  });

  it("are none when it presented none", async () => {
    const { port, seen } = await serving<IncomingMessage, unknown>(
      createServer(serverTls),
      certificatesOf,
    );
    await get(port, agentWith(trusting));
    expect(seen).toEqual([undefined]);
  });

  it("are none without TLS", async () => {
    const { port, seen } = await serving<IncomingMessage, unknown>(
      createHttpServer(),
      certificatesOf,
    );
    const [response] = await once(httpRequest({ port }).end(), "response");
    response.resume();
    expect(seen).toEqual([undefined]);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "are none in a session of %s that was resumed",
    async (maxVersion) => {
      const { port, seen } = await serving<IncomingMessage, [unknown, boolean]>(
        createServer({ ...serverTls, maxVersion }),
        (message) => [
          certificatesOf(message)?.length,
          (message.socket as unknown as { isSessionReused(): boolean }).isSessionReused(),
        ],
      );
      const agent = new Agent({ ...asCheckout, maxCachedSessions: 1 });
      await get(port, agent);
      await get(port, agent);
      expect(seen).toEqual([
        [2, false],
        [undefined, true],
      ]);
    },
  );

  it("are none once the connection is gone", async () => {
    const { port, seen } = await serving<IncomingMessage, unknown>(
      createServer(serverTls),
      (message) => {
        message.socket.destroy();
        return certificatesOf(message);
      },
    );
    await expect(get(port, agentWith(asCheckout))).rejects.toThrow();
    expect(seen).toEqual([undefined]);
  });

  it("are none once the HTTP/2 connection is gone", async () => {
    const { port, seen } = await serving<Http2ServerRequest, unknown>(
      createSecureServer(serverTls),
      (message) => {
        const { session } = message.stream;
        session?.destroy();
        const whileClosing = { ...message, rawHeaders: [], stream: { session } };
        return [
          certificatesOf(message),
          certificatesOf(whileClosing as unknown as ReceivedMessage),
        ];
      },
    );
    await getHttp2(await http2Session(port, asCheckout));
    expect(seen).toEqual([[undefined, undefined]]);
  });

  it.each([[undefined], [null], [{ destroyed: false }]])(
    "are none for the socket %o of a test tool",
    (socket) => {
      const message = { rawHeaders: [], socket } as unknown as ReceivedMessage;
      expect(certificatesOf(message)).toBeUndefined();
    },
  );
});
