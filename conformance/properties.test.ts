import { createHash } from "node:crypto";
import {
  allow,
  createVerifier,
  type ProofFormat,
  VerificationError,
  type Verifier,
} from "@firsthand/core";
import { headerOf, type RequestData, replaceHeader, toProofRequest } from "@firsthand/testing";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { byteValue, messageParts, type Part, place, withByte } from "./support/one-byte.js";
import {
  allFormats,
  callerId,
  createScene,
  origin,
  proofOf,
  prove,
  resigned,
  type Scene,
  transfer,
} from "./support/scene.js";

const seed = 20_261_122;
const runs = 3000;
const tokenHeaders = ["x-user-token"];
const securityHeaders = [
  "SVID-Proof",
  "Workload-Identity-Token",
  "Workload-Proof-Token",
  "Authorization",
  "Txn-Token",
  "X-User-Token",
];

let scene: Scene;
let verifier: Verifier;

beforeAll(async () => {
  scene = await createScene();
  verifier = createVerifier({
    identity: scene.callee,
    origin,
    policy: allow(callerId),
    accept: allFormats,
    tokenHeaders,
    clock: scene.clock,
    replay: { claim: () => "first" }, // so that no refusal is for having been seen before
  });
});

/** The transfer with every token that can travel beside a format's proof, all bound. */
async function fullyBound(format: ProofFormat): Promise<RequestData> {
  const bearer = format === "wpt-02" ? [] : [["Authorization", "Bearer access-token"] as const];
  const others = [
    ["Txn-Token", "txn-token"],
    ["X-User-Token", "user-token"],
  ] as const;
  const request = { ...transfer, headers: [...transfer.headers, ...bearer, ...others] };
  const proved = await prove(scene, format, request, { tokenHeaders });
  expect(await refusalOf(proved)).toBeUndefined();
  return proved;
}

async function refusalOf(request: RequestData): Promise<unknown> {
  return verifier.verify(toProofRequest(request)).then(
    () => undefined,
    (error: unknown) => error,
  );
}

function partsOf({ headers }: RequestData): readonly Part[] {
  const fields = headers.filter(([name]) => securityHeaders.includes(name));
  return [
    ...messageParts,
    ...fields.map(([name, value]): Part => {
      // The name of an authentication scheme is the same in either case, and no token.
      const start = name === "Authorization" ? value.indexOf(" ") + 1 : 0;
      const scheme = value.slice(0, start);
      return [
        name,
        () => value.slice(start),
        (request, changed) => replaceHeader(name, () => scheme + changed)(request),
      ];
    }),
  ];
}

describe.each(allFormats)("a request proved as %s", (format) => {
  it("is refused when one byte of what is proved is another", async () => {
    const request = await fullyBound(format);
    const parts = partsOf(request);
    const property = fc.asyncProperty(
      fc.constantFrom(...parts),
      place,
      byteValue,
      async ([, read, write], at, byte) => {
        const changed = withByte(read(request), at, byte);
        fc.pre(changed !== undefined);
        expect(await refusalOf(write(request, changed))).toBeInstanceOf(VerificationError);
      },
    );
    await fc.assert(property, { seed, numRuns: runs });
  });

  it("is refused when one byte of the credential is another and the proof is made for that", async () => {
    const request = await fullyBound(format);
    const property = fc.asyncProperty(place, byteValue, fc.nat(1), async (at, byte, index) => {
      const changed = withCredentialByte(format, request, at, byte, index);
      fc.pre(changed !== undefined);
      expect(await refusalOf(changed)).toBeInstanceOf(VerificationError);
    });
    await fc.assert(property, { seed, numRuns: runs });
  });

  it("is refused with anything else in a security header", async () => {
    const request = await fullyBound(format);
    const names = request.headers.map(([name]) => name).filter((name) => name !== "Host");
    const property = fc.asyncProperty(
      fc.constantFrom(...names),
      hostileValue,
      async (name, value) => {
        const hostile = { ...request, headers: withHeader(request.headers, name, value) };
        expect(await refusalOf(hostile)).toBeInstanceOf(VerificationError);
      },
    );
    await fc.assert(property, { seed, numRuns: runs });
  });
});

it("a request with nothing but hostile security headers is refused", async () => {
  const headers = fc.array(fc.tuple(fc.constantFrom(...securityHeaders), hostileValue), {
    maxLength: 6,
  });
  const property = fc.asyncProperty(
    headers,
    fc.string(),
    fc.string(),
    async (given, method, target) => {
      const request = { ...transfer, method, target, headers: given };
      expect(await refusalOf(request)).toBeInstanceOf(VerificationError);
    },
  );
  await fc.assert(property, { seed, numRuns: runs });
});

const bytes = fc
  .uint8Array({ maxLength: 64 })
  .map((value) => Buffer.from(value).toString("latin1"));
const segment = fc.oneof(
  fc.json().map((json) => Buffer.from(json).toString("base64url")),
  fc
    .record({
      typ: fc.constantFrom("wpt+jwt", "wit+jwt", "svid-proof+jwt"),
      alg: fc.constant("ES256"),
    })
    .map((header) => Buffer.from(JSON.stringify(header)).toString("base64url")),
  fc.base64String(),
  bytes,
);
const token = fc.array(segment, { minLength: 2, maxLength: 6 }).map((parts) => parts.join("."));

/** From plain bytes to something that looks like a token. */
const hostileValue = fc.oneof(
  bytes,
  fc.string({ unit: "binary" }),
  token,
  fc.tuple(fc.constantFrom("WPT", "Bearer", "DPoP", ""), token).map((parts) => parts.join(" ")),
);

function withHeader(
  headers: RequestData["headers"],
  name: string,
  value: string,
): RequestData["headers"] {
  return headers.map((header) => (header[0] === name ? [name, value] : header));
}

function withCredentialByte(
  format: ProofFormat,
  request: RequestData,
  at: number,
  byte: number,
  index: number,
): RequestData | undefined {
  if (format === "svid-proof-1") return withCertificateByte(request, at, byte, index);
  const name = "Workload-Identity-Token";
  const [, wit = ""] = request.headers.find(([field]) => field === name) ?? [];
  const changed = withByte(wit, at, byte);
  if (changed === undefined) return undefined;
  const wth = createHash("sha256").update(changed).digest("base64url");
  const proved = resigned(scene, format, request, { claims: { wth } });
  return replaceHeader(name, () => changed)(proved);
}

function withCertificateByte(
  request: RequestData,
  at: number,
  byte: number,
  index: number,
): RequestData | undefined {
  const { x5c } = headerOf(proofOf(request)) as { x5c: readonly string[] };
  const der = Buffer.from(x5c[index] ?? "", "base64").toString("latin1");
  const changed = withByte(der, at, byte);
  if (changed === undefined) return undefined;
  const certificate = Buffer.from(changed, "latin1").toString("base64");
  return resigned(scene, "svid-proof-1", request, {
    header: { x5c: x5c.with(index, certificate) },
  });
}
