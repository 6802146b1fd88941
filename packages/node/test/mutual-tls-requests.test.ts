import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  createSecureServer,
  type IncomingHttpHeaders,
} from "node:http2";
import { Agent, type RequestOptions, request } from "node:https";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";
import type { X509SvidMaterial } from "@firsthand/core";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  checkoutId,
  createScene,
  echo,
  type OrdersServerOptions,
  ordersId,
  presenting,
  recordRefusals,
  replaceAuthorities,
  type Scene,
  send,
  startOrders,
} from "./mutual-tls-scene.js";

/** A server and a client that keeps its connection. */
async function createCase(options: Parameters<typeof startOrders>[1] = {}) {
  const scene = await createScene();
  const refusals = recordRefusals();
  const orders = await startOrders(scene, options);
  const agent = agentOf(await scene.domain.issueX509Svid(checkoutId));
  const get = (path: string) => send(orders.port, { agent, path });
  return { ...scene, ...orders, refusals, agent, get };
}

function agentOf(svid: X509SvidMaterial): Agent {
  const agent = new Agent({ ...presenting(svid), keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return agent;
}

/** A handler that does not answer, and the first response that it was given. */
function waitingHandler() {
  let handler: RequestListener = () => undefined;
  const waiting = new Promise<ServerResponse>((resolve) => {
    handler = (_, response) => resolve(response);
  });
  return { handler, waiting };
}

/** How many connections a server has got. */
function countConnections(server: { on(event: "connection", listener: () => void): unknown }) {
  const count = { connections: 0 };
  server.on("connection", () => {
    count.connections += 1;
  });
  return count;
}

const closed = { status: 421, connection: "close", text: "" };

type Change = readonly [
  title: string,
  change: (scene: Scene) => Promise<void> | void,
  code: string,
];

/** After which a peer that was let in is not to be served any more. */
const withdrawals: readonly Change[] = [
  [
    "its certificate has expired",
    ({ clock }) => clock.advance({ seconds: 3601 }),
    "certificate_expired",
  ],
  [
    "its authority was removed",
    async ({ domain, orders }) => {
      await replaceAuthorities(domain);
      await orders.renew();
    },
    "certificate_untrusted",
  ],
];

describe.each(withdrawals)("a kept connection of a workload, when %s", (_, change, code) => {
  it("serves no further request, and ends", async () => {
    const { get, reached, refusals, server, ...scene } = await createCase();
    const count = countConnections(server);
    expect(await get("/first")).toMatchObject({ status: 200, connection: "keep-alive" });
    await change(scene);
    expect(await get("/second")).toEqual(closed);
    expect(reached).toEqual(["/first"]);
    expect(refusals).toEqual([[code, checkoutId]]);
    expect(count.connections).toBe(1);
    await expect(get("/third")).rejects.toThrow();
    expect(count.connections).toBe(2);
  });

  it("finishes the request at hand", async () => {
    const { handler, waiting } = waitingHandler();
    const { get, refusals, ...scene } = await createCase({ handler });
    const answer = get("/slow");
    const response = await waiting;
    await change(scene);
    response.end("done");
    expect(await answer).toMatchObject({ status: 200, text: "done" });
    expect(refusals).toEqual([]);
  });
});

describe("a kept connection", () => {
  it("goes on under a new bundle that still vouches for the peer", async () => {
    const { get, domain, identity, server } = await createBundleCase();
    const count = countConnections(server);
    await get("/first");
    await domain.rotateAuthorities();
    await identity.renew();
    expect(await get("/second")).toMatchObject({ status: 200, connection: "keep-alive" });
    expect(count.connections).toBe(1);
  });

  it("serves nothing while there is no trust, and goes on afterwards", async () => {
    const { get, identity, refusals, reached } = await createBundleCase();
    await get("/first");
    identity.fails = true;
    expect(await get("/second")).toEqual(closed);
    identity.fails = false;
    await get("/third");
    expect(refusals).toEqual([["trust_unavailable", checkoutId]]);
    expect(reached).toEqual(["/first", "/third"]);
  });

  it.each<[title: string, change: (scene: Scene) => Promise<void> | void]>([
    ["our credential was renewed", ({ orders }) => orders.renew()],
    ["it is old enough", ({ clock }) => clock.advance({ seconds: 60 })],
  ])("ends after the next request when %s", async (_, change) => {
    const { get, server, ...scene } = await createCase({ maxConnectionAgeSeconds: 60 });
    const count = countConnections(server);
    await get("/first");
    await change(scene);
    expect(await get("/second")).toEqual({ status: 200, connection: "close", text: "/second" });
    expect(await get("/third")).toMatchObject({ status: 200, connection: "keep-alive" });
    expect(count.connections).toBe(2);
  });

  it("does not start what was sent after its last request", async () => {
    const { port, reached, refusals, orders, domain } = await createCase();
    const svid = await domain.issueX509Svid(checkoutId);
    const socket = connect({ port, ...presenting(svid) }).setEncoding("latin1");
    const message = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    socket.write(message("/first"));
    await once(socket, "data");
    await orders.renew();
    socket.write(["/last", "/more", "/most"].map(message).join(""));
    const text = (await socket.toArray()).join("");
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 200"]);
    expect(reached).toEqual(["/first", "/last"]);
    expect(refusals).toEqual([]);
  });

  it("lasts an hour unless something else is said", async () => {
    const { get, clock, domain, port } = await createCase();
    const agent = agentOf(await domain.issueX509Svid(checkoutId, { ttlSeconds: 7200 }));
    const call = () => send(port, { agent });
    await get("/");
    await call();
    clock.advance({ seconds: 3599 });
    expect(await call()).toMatchObject({ connection: "keep-alive" });
    clock.advance({ seconds: 1 });
    expect(await call()).toMatchObject({ status: 200, connection: "close" });
  });
});

const upgrade = { connection: "upgrade", upgrade: "chat" };

describe("every way into an application", () => {
  const withdraw = async ({ domain, orders }: Scene) => {
    await replaceAuthorities(domain);
    await orders.renew();
  };

  it("is guarded when a request expects to be told to continue", async () => {
    const { get, agent, server, port, ...scene } = await createCase();
    server.on("checkContinue", () => expect.fail("reached"));
    await get("/first");
    await withdraw(scene);
    const headers = { expect: "100-continue" };
    expect(await send(port, { agent, method: "POST", headers }, "body")).toMatchObject(closed);
  });

  it("is guarded when a request expects something else", async () => {
    const { get, agent, server, port, ...scene } = await createCase();
    server.on("checkExpectation", () => expect.fail("reached"));
    await get("/first");
    await withdraw(scene);
    const headers = { expect: "miracles" };
    expect(await send(port, { agent, method: "POST", headers }, "body")).toMatchObject(closed);
  });

  it("is guarded when the request calls itself one of HTTP/2", async () => {
    const { server, port, reached, refusals, ...scene } = await createCase();
    const svid = await scene.domain.issueX509Svid(checkoutId);
    const socket = connect({ port, ...presenting(svid) }).setEncoding("utf8");
    socket.write("GET /first HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(socket, "data");
    await withdraw(scene);
    socket.write("GET /second HTTP/2.0\r\nHost: x\r\n\r\n");
    await socket.toArray().catch(() => []);
    expect(reached).toEqual(["/first"]);
    expect(refusals).toEqual([["certificate_untrusted", checkoutId]]);
  });

  it.each<[event: string, options: RequestOptions, answer: string]>([
    ["upgrade", { headers: upgrade }, "101 Switching\r\nConnection: upgrade\r\nUpgrade: chat"],
    ["connect", { method: "CONNECT", path: "elsewhere:443" }, "200 OK"],
  ])("is guarded for %s", async (event, options, answer) => {
    const { agent, get, server, port, refusals, ...scene } = await createCase();
    const tunnels: Duplex[] = [];
    server.on(event, (_: IncomingMessage, socket: Duplex) => {
      tunnels.push(socket);
      socket.end(`HTTP/1.1 ${answer}\r\n\r\n`);
    });
    const open = (over: Agent) =>
      once(request({ host: "127.0.0.1", port, agent: over, ...options }).end(), event);
    await open(agentOf(await scene.domain.issueX509Svid(checkoutId)));
    expect(tunnels).toHaveLength(1);
    await get("/first");
    await withdraw(scene);
    await expect(open(agent)).rejects.toThrow();
    expect(tunnels).toHaveLength(1);
    expect(refusals).toEqual([["certificate_untrusted", checkoutId]]);
  });

  it("is closed to what did not come through a handshake", async () => {
    const { server, reached, refusals } = await createCase();
    const sent: number[] = [];
    const response = {
      writeHead(status: number) {
        sent.push(status);
        return { end: () => undefined };
      },
    };
    expect(server.emit("request", { socket: {} }, response)).toBe(true);
    expect([sent, reached, refusals]).toEqual([
      [421],
      [],
      [["certificate_chain_empty", undefined]],
    ]);
  });
});

/** Orders with an identity whose trust can fail, and whose credential stays the same. */
async function createBundleCase() {
  const scene = await createScene();
  const newest = await scene.domain.identity(ordersId);
  const identity = {
    fails: false,
    renew: () => newest.renew(),
    credentials: () => scene.orders.credentials(),
    trustBundle: (name: Parameters<typeof newest.trustBundle>[0]) =>
      identity.fails ? expect.fail("closed") : newest.trustBundle(name),
  };
  const refusals = recordRefusals();
  const orders = await startOrders(scene, { identity });
  const agent = agentOf(await scene.domain.issueX509Svid(checkoutId));
  const get = (path: string) => send(orders.port, { agent, path });
  return { ...scene, ...orders, identity, refusals, get };
}

describe("over HTTP/2", () => {
  async function createHttp2Case(handler = echo, options: OrdersServerOptions = {}) {
    const scene = await createScene();
    const refusals = recordRefusals();
    const reached: string[] = [];
    const orders = await startOrders(scene, {
      ...options,
      create: (tls) =>
        createSecureServer(tls, (message, response) => {
          reached.push(message.url);
          handler(message as never, response as never);
        }),
    });
    const open = async () => {
      const svid = await scene.domain.issueX509Svid(checkoutId);
      const session = connectHttp2(`https://127.0.0.1:${orders.port}`, presenting(svid));
      session.on("error", () => undefined);
      onTestFinished(() => session.destroy());
      return session;
    };
    return { ...scene, ...orders, refusals, reached, open };
  }

  async function get(session: ClientHttp2Session, path: string, body?: Buffer) {
    const method = body === undefined ? "GET" : "POST";
    const stream = session.request({ ":path": path, ":method": method });
    const responded = once(stream, "response") as Promise<[IncomingHttpHeaders]>;
    stream.end(body);
    const [headers] = await responded;
    const text = Buffer.concat(await stream.toArray()).toString();
    return [headers[":status"], text];
  }

  it.each(withdrawals)("a session serves no further request when %s", async (_, change, code) => {
    const { open, reached, refusals, ...scene } = await createHttp2Case();
    const session = await open();
    expect(await get(session, "/first")).toEqual([200, "/first"]);
    await change(scene);
    const ended = once(session, "close");
    const large = Buffer.alloc(1024 * 1024);
    expect(await get(session, "/second", large)).toEqual([421, ""]);
    await ended;
    expect(reached).toEqual(["/first"]);
    expect(refusals).toEqual([[code, checkoutId]]);
  });

  it.each(withdrawals)("requests under way are finished when %s", async (_, change, code) => {
    const { handler, waiting } = waitingHandler();
    const { open, reached, refusals, ...scene } = await createHttp2Case(handler);
    const session = await open();
    const slow = get(session, "/slow");
    const response = await waiting;
    await change(scene);
    expect(await get(session, "/refused")).toEqual([421, ""]);
    const ended = once(session, "close");
    response.end("done");
    expect(await slow).toEqual([200, "done"]);
    await ended;
    expect(reached).toEqual(["/slow"]);
    expect(refusals).toEqual([[code, checkoutId]]);
  });

  it.each<[title: string, change: (scene: Scene) => Promise<void> | void]>([
    ["our credential was renewed", ({ orders }) => orders.renew()],
    ["it is old enough", ({ clock }) => clock.advance({ seconds: 60 })],
  ])("a session ends without losing a request when %s", async (_, change) => {
    const { open, refusals, ...scene } = await createHttp2Case(echo, {
      maxConnectionAgeSeconds: 60,
    });
    const session = await open();
    const announced: number[] = [];
    session.on("goaway", (_code, lastStream) => announced.push(lastStream));
    await get(session, "/first");
    await change(scene);
    const ended = once(session, "close");
    const paths = ["/a", "/b", "/c", "/d"];
    const answers = await Promise.all(paths.map((path) => get(session, path)));
    expect(answers).toEqual(paths.map((path) => [200, path]));
    await ended;
    expect(announced[0]).toBe(2 ** 31 - 1); // any request that was sent by then still counts
    expect(await get(await open(), "/again")).toEqual([200, "/again"]);
    expect(refusals).toEqual([]);
  });

  it("streams are guarded for listeners of the core API as well", async () => {
    const { open, server, refusals, ...scene } = await createHttp2Case();
    const session = await open();
    await get(session, "/first");
    await replaceAuthorities(scene.domain);
    await scene.orders.renew();
    server.on("stream", () => expect.fail("reached"));
    expect(await get(session, "/second")).toEqual([421, ""]);
    expect(refusals).toHaveLength(1);
  });
});
