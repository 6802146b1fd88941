import { once } from "node:events";
import { connect } from "node:http2";
import { createConnection } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { createTrustDomain } from "../trust-domain.js";
import { serveWorkloadApi } from "./serve-workload-api.js";
import { checkoutId, clock, serve } from "./workload-api.test-support.js";
import {
  bytesOf,
  entriesOf,
  messagesOf,
  only,
  openClient,
  textsOf,
} from "./workload-api-client.test-support.js";
import type { WorkloadApiServer } from "./workload-api-server.js";

const audience = ["orders"];

/** A bare HTTP/2 connection to a server on a unix socket. */
function openSession(server: WorkloadApiServer) {
  const socket = createConnection(server.address.replace("unix://", ""));
  const session = connect("http://localhost", { createConnection: () => socket });
  session.on("error", () => {});
  onTestFinished(() => session.destroy());
  return session;
}

describe("status", () => {
  it("ends new calls until the fault ends, and leaves open streams alone", async () => {
    const { client, server } = await serve();
    const stream = client.stream("FetchX509SVID");
    await stream.next();
    const end = server.fault({ kind: "status", code: "UNAVAILABLE", message: "starting" });
    const unavailable = { status: "UNAVAILABLE", details: "starting" };
    expect(await client.first("FetchX509SVID")).toEqual(unavailable);
    expect(await client.unary("FetchJWTSVID", { audience })).toEqual(unavailable);
    await server.rotate();
    expect(messagesOf(await stream.next(), 1)).toHaveLength(1);
    end();
    expect(messagesOf(await client.first("FetchX509SVID"), 1)).toHaveLength(1);
  });

  it("ends so many calls, and then no more", async () => {
    const { client, server } = await serve();
    server.fault({ kind: "status", code: "PERMISSION_DENIED", times: 2 });
    const answers = [];
    for (let call = 0; call < 3; call += 1) answers.push(await client.first("FetchX509SVID"));
    const statuses = answers.map((answer) => ("status" in answer ? answer.status : "answered"));
    expect(statuses).toEqual(["PERMISSION_DENIED", "PERMISSION_DENIED", "answered"]);
  });

  it("ends calls of some methods only", async () => {
    const { client, server } = await serve();
    const methods = ["FetchWITSVID", "FetchWITBundles"] as const;
    server.fault({ kind: "status", code: "FAILED_PRECONDITION", methods });
    expect(await client.first("FetchWITSVID")).toMatchObject({ status: "FAILED_PRECONDITION" });
    expect(await client.first("FetchWITBundles")).toMatchObject({ status: "FAILED_PRECONDITION" });
    expect(messagesOf(await client.first("FetchX509SVID"), 1)).toHaveLength(1);
  });

  it("may be one that gRPC does not know", async () => {
    const { client, server } = await serve();
    server.fault({ kind: "status", code: 99 });
    expect(await client.first("FetchX509SVID")).toMatchObject({ status: "99" });
  });
});

describe("delay", () => {
  it("holds answers back until the fault ends, and then sends the newest state", async () => {
    const { client, server } = await serve();
    const open = client.stream("FetchX509SVID");
    await open.next();
    const end = server.fault({ kind: "delay", methods: ["FetchX509SVID", "FetchJWTSVID"] });
    let answered = 0;
    const count = <T>(answer: T) => {
      answered += 1;
      return answer;
    };
    const answers = [open.next(), client.first("FetchX509SVID")].map((next) => next.then(count));
    const token = client.unary("FetchJWTSVID", { audience }).then(count);
    await client.first("FetchX509Bundles");
    await server.register(["/orders"]);
    await server.register(["/invoices"]);
    await client.first("FetchX509Bundles");
    expect(answered).toBe(0);
    end();
    for (const answer of [...(await Promise.all(answers)), await token]) {
      const svid = only(messagesOf(answer, 1));
      expect(textsOf(svid, 1)).toEqual(["spiffe://shop.example/invoices"]);
    }
  });

  it("does not keep a withdrawn stream from its end", async () => {
    const { client, server } = await serve();
    const stream = client.stream("FetchX509SVID");
    await stream.next();
    const end = server.fault({ kind: "delay" });
    await server.withdraw();
    expect(server.openStreams()).toBe(1);
    end();
    expect(await stream.next()).toMatchObject({ status: "PERMISSION_DENIED" });
  });
});

describe("alter", () => {
  it("changes what is delivered, from the next delivery until the fault ends", async () => {
    const { client, server, shop } = await serve();
    const other = await shop.issueX509Svid("/checkout");
    const stream = client.stream("FetchX509SVID");
    const first = await stream.next();
    const end = server.fault({
      kind: "alter",
      method: "FetchX509SVID",
      change: (response) => ({
        ...response,
        svids: response.svids.map((svid) => ({ ...svid, x509SvidKey: other.privateKey })),
      }),
    });
    await server.pushBundles();
    const altered = only(messagesOf(await stream.next(), 1));
    expect(bytesOf(altered, 3)).toEqual([Buffer.from(other.privateKey)]);
    expect(bytesOf(altered, 2)).toEqual(bytesOf(only(messagesOf(first, 1)), 2));
    end();
    await server.pushBundles();
    expect(await stream.next()).toEqual(first);
  });

  it("leaves out what is empty, as proto3 does", async () => {
    const { client, server } = await serve();
    server.fault({
      kind: "alter",
      method: "FetchX509SVID",
      change: ({ svids: [svid] }) => ({
        svids: svid === undefined ? [] : [{ ...svid, spiffeId: "", bundle: new Uint8Array() }],
        crl: [Uint8Array.of(1)],
        federatedBundles: new Map([["__proto__", Uint8Array.of(2)]]),
      }),
    });
    const response = await client.first("FetchX509SVID");
    expect([...only(messagesOf(response, 1)).keys()]).toEqual([2, 3]);
    expect(bytesOf(response, 2)).toEqual([Buffer.of(1)]);
    expect([...entriesOf(response, 3)]).toEqual([["__proto__", Buffer.of(2)]]);
  });

  it("can be done several times over, for each method", async () => {
    const { client, server } = await serve();
    for (const suffix of ["a", "b"]) {
      server.fault({
        kind: "alter",
        method: "FetchJWTSVID",
        change: ({ svids }) => ({
          svids: svids.map((svid) => ({ ...svid, spiffeId: `${svid.spiffeId}/${suffix}` })),
        }),
      });
    }
    server.fault({ kind: "alter", method: "FetchWITSVID", change: () => ({ svids: [] }) });
    const token = only(messagesOf(await client.unary("FetchJWTSVID", { audience }), 1));
    expect(textsOf(token, 1)).toEqual([`${checkoutId}/a/b`]);
    expect(await client.first("FetchWITSVID")).toEqual(new Map());
    expect(messagesOf(await client.first("FetchX509SVID"), 1)).toHaveLength(1);
  });
});

describe("bytes", () => {
  it("delivers a message that is not one of the API", async () => {
    const { client, server } = await serve();
    const end = server.fault({
      kind: "bytes",
      bytes: Uint8Array.of(0, 0, 0, 0, 3, 0x4a, 1, 7),
      methods: ["FetchX509SVID", "FetchJWTSVID"],
    });
    expect(await client.first("FetchX509SVID")).toEqual(new Map([[9, [Buffer.of(7)]]]));
    expect(await client.unary("FetchJWTSVID")).toEqual(new Map([[9, [Buffer.of(7)]]]));
    expect(entriesOf(await client.first("FetchX509Bundles"), 2).size).toBe(2);
    end();
    expect(messagesOf(await client.first("FetchX509SVID"), 1)).toHaveLength(1);
  });

  it("announces what never comes", async () => {
    const { client, server } = await serve();
    server.fault({ kind: "bytes", bytes: Uint8Array.of(0, 4, 0, 0, 0) });
    const answer = await client.first("FetchX509SVID");
    expect(answer).toMatchObject({ status: "RESOURCE_EXHAUSTED" });
    expect("details" in answer && answer.details).toContain(String(64 * 1024 * 1024));
  });
});

describe("drop", () => {
  it("destroys connections, open and new, until the fault ends", async () => {
    const { client, server } = await serve();
    const stream = client.stream("FetchX509SVID");
    await stream.next();
    const end = server.fault({ kind: "drop" });
    expect(await stream.next()).toMatchObject({ status: "UNAVAILABLE" });
    expect(await openClient(server).first("FetchX509SVID")).toMatchObject({
      status: "UNAVAILABLE",
    });
    expect(server.openStreams()).toBe(0);
    end();
    expect(messagesOf(await openClient(server).first("FetchX509SVID"), 1)).toHaveLength(1);
  });
});

describe("silence", () => {
  it("keeps connections open without a byte, until the fault ends", async () => {
    const { server, client } = await serve();
    const running = await serveWorkloadApi({
      trustDomain: await createTrustDomain("shop.example", { clock }),
      workloads: ["/checkout"],
    });
    onTestFinished(() => running.close());
    const stream = client.stream("FetchX509SVID");
    await stream.next();
    const session = openSession(server);
    await once(session, "remoteSettings");

    const end = server.fault({ kind: "silence" });
    const heard: string[] = [];
    const ping = new Promise<void>((resolve) => {
      session.ping(() => {
        heard.push("ping");
        resolve();
      });
    });
    const pushed = stream.next().then(() => heard.push("push"));
    await server.rotate();
    const late = openSession(server);
    const settings = once(late, "remoteSettings").then(() => heard.push("settings"));
    await once(late, "connect");
    late.request({ ":method": "POST", "content-type": "application/grpc" }).end();
    for (const _ of Array(5)) await openClient(running).first("FetchX509SVID");
    expect(heard).toEqual([]);
    expect([session.destroyed, late.destroyed]).toEqual([false, false]);
    expect(server.calls).toHaveLength(1);

    end();
    await Promise.all([ping, pushed, settings]);
    await new Promise((resolve) => late.ping(resolve));
    expect(server.calls).toHaveLength(2);
    expect(heard.sort()).toEqual(["ping", "push", "settings"]);
  });

  it("does not keep the server from its end", async () => {
    const { server, client } = await serve();
    const stream = client.stream("FetchX509SVID");
    await stream.next();
    server.fault({ kind: "silence" });
    await server.rotate();
    await server.close();
    expect(await stream.next()).toMatchObject({ status: "UNAVAILABLE" });
  });

  it("gives way to dropped connections", async () => {
    const { server, client } = await serve();
    const stream = client.stream("FetchX509SVID");
    await stream.next();
    server.fault({ kind: "silence" });
    const end = server.fault({ kind: "drop" });
    expect(await stream.next()).toMatchObject({ status: "UNAVAILABLE" });
    end();
    const session = openSession(server);
    await once(session, "connect");
    expect(session.destroyed).toBe(false);
  });
});
