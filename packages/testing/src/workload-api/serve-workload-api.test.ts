import {
  loadWitSvid,
  loadX509Svid,
  parseTokenBundle,
  parseX509Bundle,
  SpiffeId,
  splitDer,
  staticSource,
  validateJwtSvid,
  validateX509Svid,
} from "@firsthand/core";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { claimsOf } from "../tamper/tamper-jwt.js";
import { checkoutId, clock, serve } from "./workload-api.test-support.js";
import {
  bytesOf,
  entriesOf,
  type Message,
  messagesOf,
  only,
  openClient,
  textsOf,
} from "./workload-api-client.test-support.js";

const backOfficeId = "spiffe://shop.example/back-office";
const workloads = ["/checkout", { workload: "/back-office", hint: "internal" }];
const now = clock.now() / 1000;

async function loadDelivered(svid: Message | undefined) {
  const chain = splitDer(only(bytesOf(svid, 2)));
  return loadX509Svid({ chain, privateKey: only(bytesOf(svid, 3)) });
}

describe.each([
  ["unix", undefined],
  ["tcp", "tcp://127.0.0.1:0"],
  ["tcp over IPv6", "tcp://[::1]:0"],
])("the Workload API over %s", (_name, address) => {
  it("delivers X.509-SVIDs in the order of registration", async () => {
    const { client } = await serve({ address, workloads });
    const response = await client.first("FetchX509SVID");
    const svids = messagesOf(response, 1);
    expect(svids.map((svid) => textsOf(svid, 1))).toEqual([[checkoutId], [backOfficeId]]);
    expect(svids.map((svid) => textsOf(svid, 5))).toEqual([[], ["internal"]]);
    for (const svid of svids) {
      const { id, chain } = await loadDelivered(svid);
      expect([id.toString()]).toEqual(textsOf(svid, 1));
      const bundle = await parseX509Bundle("shop.example", only(bytesOf(svid, 4)));
      const trust = staticSource({ bundles: [bundle] });
      const validated = await validateX509Svid(chain, trust, { now, skewSeconds: 0 });
      expect(validated.id.equals(id)).toBe(true);
    }
  });

  it("delivers the X.509 authorities of federated trust domains", async () => {
    const { client, partner } = await serve({ address });
    const response = await client.first("FetchX509SVID");
    const root = Buffer.from(partner.authorities.x509.root.certificate);
    expect(entriesOf(response, 3)).toEqual(new Map([["spiffe://partner.example", root]]));
  });

  it("delivers the X.509 authorities of all trust domains", async () => {
    const { client, shop, partner } = await serve({ address });
    const bundles = entriesOf(await client.first("FetchX509Bundles"), 2);
    expect([...bundles]).toEqual([
      ["spiffe://shop.example", Buffer.from(shop.authorities.x509.root.certificate)],
      ["spiffe://partner.example", Buffer.from(partner.authorities.x509.root.certificate)],
    ]);
  });

  it("delivers JWT-SVIDs for the audiences that are asked for", async () => {
    const { client } = await serve({ address, workloads });
    const response = await client.unary("FetchJWTSVID", { audience: ["orders", "invoices"] });
    const svids = messagesOf(response, 1);
    expect(svids.map((svid) => textsOf(svid, 1))).toEqual([[checkoutId], [backOfficeId]]);
    expect(svids.map((svid) => textsOf(svid, 3))).toEqual([[], ["internal"]]);
    const jwks = entriesOf(await client.first("FetchJWTBundles"), 1).get("spiffe://shop.example");
    const bundle = await parseTokenBundle("shop.example", jwks ?? "", "jwt-svid");
    const identity = staticSource({ bundles: [bundle] });
    for (const svid of svids) {
      const options = { identity, audience: "invoices", clock };
      const validated = await validateJwtSvid(only(textsOf(svid, 2)), options);
      expect([validated.id.toString()]).toEqual(textsOf(svid, 1));
      expect(validated.audience).toEqual(["orders", "invoices"]);
    }
  });

  it("delivers the one JWT-SVID that is asked for", async () => {
    const { client } = await serve({ address, workloads });
    const request = { audience: ["orders"], spiffeId: backOfficeId };
    const svid = only(messagesOf(await client.unary("FetchJWTSVID", request), 1));
    expect(textsOf(svid, 1)).toEqual([backOfficeId]);
  });

  it("delivers WIT-SVIDs with their keys", async () => {
    const { client } = await serve({ address, workloads });
    const svids = messagesOf(await client.first("FetchWITSVID"), 1);
    expect(svids.map((svid) => textsOf(svid, 1))).toEqual([[checkoutId], [backOfficeId]]);
    expect(svids.map((svid) => textsOf(svid, 4))).toEqual([[], ["internal"]]);
    const jwks = entriesOf(await client.first("FetchWITBundles"), 1).get("spiffe://shop.example");
    const published: JSONWebKeySet = JSON.parse(String(jwks));
    // The library knows no `use` but those of JOSE.
    const keys = createLocalJWKSet({ keys: published.keys.map(({ use: _, ...key }) => key) });
    for (const svid of svids) {
      const token = only(textsOf(svid, 2));
      const privateKey = JSON.parse(only(textsOf(svid, 3)));
      const { id } = await loadWitSvid({ token, privateKey });
      expect([id.toString()]).toEqual(textsOf(svid, 1));
      const { payload } = await jwtVerify(token, keys, { currentDate: new Date(clock.now()) });
      expect([payload.sub]).toEqual(textsOf(svid, 1));
    }
  });

  it("delivers the one WIT-SVID that is asked for", async () => {
    const { client } = await serve({ address, workloads });
    const response = await client.first("FetchWITSVID", { spiffeId: backOfficeId });
    expect(textsOf(only(messagesOf(response, 1)), 1)).toEqual([backOfficeId]);
  });
});

it.each([
  ["FetchJWTBundles", "jwt-svid", "jwtAuthorities"],
  ["FetchWITBundles", "wit-svid", "witAuthorities"],
] as const)(
  "%s delivers the authorities of all trust domains, with kid and use",
  async (...row) => {
    const [method, use, member] = row;
    const { client, shop, partner } = await serve();
    const bundles = entriesOf(await client.first(method), 1);
    expect([...bundles.keys()]).toEqual(["spiffe://shop.example", "spiffe://partner.example"]);
    for (const domain of [shop, partner]) {
      const document = String(bundles.get(`spiffe://${domain.name}`));
      const [key] = JSON.parse(document).keys;
      expect(key).toMatchObject({ use, kid: expect.any(String), kty: "EC" });
      const bundle = await parseTokenBundle(domain.name, document, use);
      expect([...bundle[member].keys()]).toEqual([...(await domain.bundle())[member].keys()]);
    }
  },
);

it("issues as its options say", async () => {
  const { client } = await serve({
    workloads: [
      {
        workload: SpiffeId.parse(checkoutId),
        x509Svid: { keyType: "P-384" },
        jwtSvid: { ttlSeconds: 7 },
        witSvid: { algorithm: "ES512" },
      },
      SpiffeId.parse(backOfficeId),
    ],
  });
  const [x509] = messagesOf(await client.first("FetchX509SVID"), 1);
  expect((await loadDelivered(x509)).algorithm).toBe("ES384");
  const [jwt] = messagesOf(await client.unary("FetchJWTSVID", { audience: ["orders"] }), 1);
  expect(claimsOf(only(textsOf(jwt, 2)))).toMatchObject({ aud: ["orders"], exp: now + 7 });
  const [wit] = messagesOf(await client.first("FetchWITSVID"), 1);
  expect(JSON.parse(only(textsOf(wit, 3)))).toMatchObject({ crv: "P-521" });
});

it("carries messages that are larger than any window", async () => {
  const { client, server } = await serve();
  const der = Buffer.alloc(3 * 1024 * 1024, 1);
  server.fault({
    kind: "alter",
    method: "FetchX509Bundles",
    change: () => ({ crl: [], bundles: new Map([["spiffe://shop.example", der]]) }),
  });
  const bundles = entriesOf(await client.first("FetchX509Bundles"), 2);
  expect(bundles.get("spiffe://shop.example")?.equals(der)).toBe(true);
  const audience = Array.from({ length: 400 }, (_, at) => String(at).repeat(1000));
  await client.unary("FetchJWTSVID", { audience });
  expect(server.calls.at(-1)?.request.audience).toEqual(audience);
});

it("keeps what it was asked", async () => {
  const { client, server } = await serve();
  await client.unary("FetchJWTSVID", { audience: ["orders", "invoices"], spiffeId: checkoutId });
  await client.first("FetchWITSVID", { spiffeId: checkoutId });
  await client.unary("Fetch", { metadata: { "x-request": "7" } });
  expect(server.calls.map(({ method, request }) => [method, request])).toEqual([
    ["FetchJWTSVID", { audience: ["orders", "invoices"], spiffeId: checkoutId }],
    ["FetchWITSVID", { audience: [], spiffeId: checkoutId }],
    ["Fetch", { audience: [], spiffeId: "" }],
  ]);
  expect(server.calls[0]?.headers["workload.spiffe.io"]).toBe("true");
  expect(server.calls[2]?.headers["x-request"]).toBe("7");
});

describe("a call is refused", () => {
  const audience = ["orders"];

  it.each([
    ["without the security header", "FetchX509SVID", { metadata: {} }, "INVALID_ARGUMENT"],
    [
      "with another value of it",
      "FetchX509Bundles",
      { metadata: { "workload.spiffe.io": "True" } },
      "INVALID_ARGUMENT",
    ],
    ["without an audience", "FetchJWTSVID", {}, "INVALID_ARGUMENT"],
    [
      "for an identity of somebody else",
      "FetchJWTSVID",
      { audience, spiffeId: "spiffe://shop.example/orders" },
      "PERMISSION_DENIED",
    ],
    [
      "for a WIT-SVID of somebody else",
      "FetchWITSVID",
      { spiffeId: "spiffe://shop.example/orders" },
      "PERMISSION_DENIED",
    ],
    ["of the validation that is left to clients", "ValidateJWTSVID", {}, "UNIMPLEMENTED"],
    ["of a method of every object", "constructor", {}, "UNIMPLEMENTED"],
    [
      "with a field that is cut off",
      "FetchJWTSVID",
      { request: Uint8Array.of(10, 9, 0x61) },
      "INVALID_ARGUMENT",
    ],
    [
      "with a number where a text belongs",
      "FetchJWTSVID",
      { request: Uint8Array.of(8, 1) },
      "INVALID_ARGUMENT",
    ],
    [
      "with a length that does not end",
      "FetchJWTSVID",
      { request: Uint8Array.of(10, 0x81, 0x80, 0x80, 0x80, 0) },
      "INVALID_ARGUMENT",
    ],
    [
      "with a text that is not UTF-8",
      "FetchJWTSVID",
      { request: Uint8Array.of(10, 1, 0xff) },
      "INVALID_ARGUMENT",
    ],
  ])("%s", async (_name, method, options, status) => {
    const { client } = await serve();
    expect(await client.unary(method, options)).toMatchObject({ status });
  });

  it.each([
    ["x509", ["FetchX509SVID", "FetchX509Bundles"]],
    ["jwt", ["FetchJWTSVID", "FetchJWTBundles"]],
    ["wit", ["FetchWITSVID", "FetchWITBundles"]],
  ] as const)("when the %s profile is left out", async (profile, refused) => {
    const all = ["x509", "jwt", "wit"] as const;
    const { client } = await serve({ profiles: all.filter((name) => name !== profile) });
    const streams = ["X509SVID", "X509Bundles", "JWTBundles", "WITSVID", "WITBundles"];
    const answers = new Map([
      ["FetchJWTSVID", await client.unary("FetchJWTSVID", { audience })],
      ...(await Promise.all(
        streams.map(async (name) => [`Fetch${name}`, await client.first(`Fetch${name}`)] as const),
      )),
    ]);
    const unimplemented = [...answers].filter(
      ([, answer]) => "status" in answer && answer.status === "UNIMPLEMENTED",
    );
    expect(unimplemented.map(([method]) => method).sort()).toEqual([...refused].sort());
    expect(answers.size).toBe(6);
  });

  it("when nothing is registered", async () => {
    const { server } = await serve({ workloads: [] });
    const client = openClient(server);
    const denied = { status: "PERMISSION_DENIED", details: "no identity issued" };
    expect(await client.first("FetchX509SVID")).toEqual(denied);
    expect(await client.first("FetchJWTBundles")).toEqual(denied);
    expect(await client.unary("FetchJWTSVID", { audience })).toEqual(denied);
  });
});
