import { ConfigurationError, parseX509Bundle, splitDer } from "@firsthand/core";
import { describe, expect, it } from "vitest";
import { createTrustDomain } from "../trust-domain.js";
import { checkoutId, clock, serve } from "./workload-api.test-support.js";
import {
  bytesOf,
  entriesOf,
  messagesOf,
  type OpenStream,
  only,
  openClient,
  textsOf,
} from "./workload-api-client.test-support.js";

const streaming = [
  "FetchX509SVID",
  "FetchX509Bundles",
  "FetchJWTBundles",
  "FetchWITSVID",
  "FetchWITBundles",
] as const;
const denied = { status: "PERMISSION_DENIED", details: "no identity issued" };

async function nextSvid(stream: OpenStream) {
  const svid = only(messagesOf(await stream.next(), 1));
  return {
    id: only(textsOf(svid, 1)),
    leaf: splitDer(only(bytesOf(svid, 2)))[0],
    bundle: await parseX509Bundle("shop.example", only(bytesOf(svid, 4))),
  };
}

describe("rotation", () => {
  it("delivers fresh SVIDs and the newest bundles", async () => {
    const { client, server, shop } = await serve();
    const stream = client.stream("FetchX509SVID");
    const first = await nextSvid(stream);
    await shop.rotateAuthorities();
    await server.rotate();
    const second = await nextSvid(stream);
    expect(second.leaf).not.toEqual(first.leaf);
    expect(first.bundle.x509Authorities).toHaveLength(1);
    expect(second.bundle.x509Authorities).toHaveLength(2);
  });

  it("reaches every stream, with the complete state", async () => {
    const { client, server } = await serve();
    const streams = streaming.map((method) => client.stream(method));
    const before = await Promise.all(streams.map((stream) => stream.next()));
    await server.rotate();
    const after = await Promise.all(streams.map((stream) => stream.next()));
    const shapes = (messages: typeof before) =>
      messages.map((message) => ("status" in message ? message : [...message.keys()]));
    expect(shapes(after)).toEqual(shapes(before));
    expect(after[0]).not.toEqual(before[0]);
    expect(after[1]).toEqual(before[1]);
    expect(after[2]).toEqual(before[2]);
    expect(after[3]).not.toEqual(before[3]);
    expect(after[4]).toEqual(before[4]);
  });

  it("is what a new stream begins with", async () => {
    const { client, server } = await serve();
    const first = await nextSvid(client.stream("FetchX509SVID"));
    expect(await nextSvid(client.stream("FetchX509SVID"))).toEqual(first);
    await server.rotate();
    expect((await nextSvid(client.stream("FetchX509SVID"))).leaf).not.toEqual(first.leaf);
  });

  it("keeps its order, however often it is asked for", async () => {
    const { client, server } = await serve();
    const stream = client.stream("FetchX509SVID");
    await stream.next();
    const rotations = [server.rotate(), server.rotate(), server.withdraw()];
    await Promise.all(rotations);
    const answers = [await stream.next(), await stream.next(), await stream.next()];
    expect(answers.at(-1)).toEqual(denied);
    expect(await client.first("FetchX509SVID")).toEqual(denied);
  });
});

describe("bundles", () => {
  it("are delivered with the same SVIDs", async () => {
    const { client, server, shop } = await serve();
    const stream = client.stream("FetchX509SVID");
    const first = await nextSvid(stream);
    await shop.rotateAuthorities();
    await server.pushBundles();
    const overlap = await nextSvid(stream);
    shop.revokeOldAuthorities();
    await server.pushBundles();
    const revoked = await nextSvid(stream);
    expect([overlap.leaf, revoked.leaf]).toEqual([first.leaf, first.leaf]);
    const sizes = [first, overlap, revoked].map(({ bundle }) => bundle.x509Authorities.length);
    expect(sizes).toEqual([1, 2, 1]);
    expect(revoked.bundle).not.toEqual(first.bundle);
  });

  it("stay what they were delivered as until then", async () => {
    const { client, shop } = await serve();
    const before = await client.first("FetchJWTBundles");
    await shop.rotateAuthorities();
    expect(await client.first("FetchJWTBundles")).toEqual(before);
  });

  it.each([
    ["FetchX509SVID", 3],
    ["FetchX509Bundles", 2],
    ["FetchJWTBundles", 1],
    ["FetchWITBundles", 1],
  ] as const)("of a trust domain that is federated later reach %s", async (method, field) => {
    const { client, server, shop } = await serve();
    const stream = client.stream(method);
    const before = [...entriesOf(await stream.next(), field).keys()];
    shop.federate(await createTrustDomain("new.example", { clock }));
    await server.pushBundles();
    const after = [...entriesOf(await stream.next(), field).keys()];
    expect(after).toEqual([...before, "spiffe://new.example"]);
  });
});

describe("registration", () => {
  it("changes what is delivered", async () => {
    const { client, server } = await serve();
    const stream = client.stream("FetchX509SVID");
    const wit = client.stream("FetchWITSVID", { spiffeId: checkoutId });
    await Promise.all([stream.next(), wit.next()]);
    await server.register(["/orders", "/checkout"]);
    const ids = messagesOf(await stream.next(), 1).map((svid) => only(textsOf(svid, 1)));
    expect(ids).toEqual(["spiffe://shop.example/orders", checkoutId]);
    expect(textsOf(only(messagesOf(await wit.next(), 1)), 1)).toEqual([checkoutId]);
    await server.register(["/orders"]);
    expect((await nextSvid(stream)).id).toBe("spiffe://shop.example/orders");
    expect(await wit.next()).toEqual(denied);
  });

  it("can be withdrawn, which ends every stream, and come back", async () => {
    const { client, server } = await serve();
    const streams = streaming.map((method) => client.stream(method));
    await Promise.all(streams.map((stream) => stream.next()));
    await server.withdraw();
    expect(server.openStreams()).toBe(0);
    expect(await Promise.all(streams.map((stream) => stream.next()))).toEqual(
      streaming.map(() => denied),
    );
    expect(await client.unary("FetchJWTSVID", { audience: ["orders"] })).toEqual(denied);
    await server.register(["/checkout"]);
    expect((await nextSvid(client.stream("FetchX509SVID"))).id).toBe(checkoutId);
  });

  it("stays what it was when the new one is wrong", async () => {
    const { client, server } = await serve();
    await expect(server.register(["/orders", "checkout"])).rejects.toThrow(ConfigurationError);
    await server.rotate();
    expect((await nextSvid(client.stream("FetchX509SVID"))).id).toBe(checkoutId);
  });
});

it("counts open streams", async () => {
  const { client, server } = await serve();
  const streams = [client.stream("FetchX509SVID"), client.stream("FetchX509SVID")];
  const bundles = client.stream("FetchX509Bundles");
  await Promise.all([...streams, bundles].map((stream) => stream.next()));
  expect(server.openStreams("FetchX509SVID")).toBe(2);
  expect(server.openStreams("FetchJWTBundles")).toBe(0);
  expect(server.openStreams()).toBe(3);
  for (const stream of streams) stream.cancel();
  await client.unary("FetchJWTSVID", { audience: ["orders"] });
  expect(server.openStreams()).toBe(1);
  await server.rotate();
  expect(await bundles.next()).not.toHaveProperty("status");
});

it("ends open streams when it is told to, and only them", async () => {
  const { client, server } = await serve();
  const stream = client.stream("FetchX509SVID");
  await stream.next();
  server.endStreams({ code: "UNAVAILABLE", message: "fermé: 100 % of it" });
  expect(await stream.next()).toEqual({
    status: "UNAVAILABLE",
    details: "fermé: 100 % of it",
  });
  const next = client.stream("FetchX509SVID");
  expect((await nextSvid(next)).id).toBe(checkoutId);
  server.endStreams({ code: "OK" });
  expect(await next.next()).toEqual({ status: "OK", details: "" });
  const last = openClient(server).stream("FetchX509SVID");
  await last.next();
  server.endStreams();
  expect(await last.next()).toMatchObject({
    details: expect.stringContaining("Call ended without gRPC status"),
  });
});
