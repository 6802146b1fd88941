import { BinaryReader } from "@bufbuild/protobuf/wire";
import { CredentialError } from "@firsthand/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encode,
  encodeJwtBundlesResponse,
  encodeJwtSvidResponse,
  encodeWitBundlesResponse,
  encodeWitSvidResponse,
  encodeX509BundlesResponse,
  encodeX509SvidResponse,
} from "./encode-messages.test-support.js";
import {
  readJwtBundlesResponse,
  readJwtSvidResponse,
  readWitBundlesResponse,
  readWitSvidResponse,
  readX509BundlesResponse,
  readX509SvidResponse,
  writeJwtSvidRequest,
} from "./messages.js";

const bytes = fc.uint8Array({ maxLength: 300 });
const text = fc.string({ unit: "grapheme", maxLength: 300 });
const trustDomainId = fc.stringMatching(/^spiffe:\/\/[a-z0-9._-]{1,20}$/);
const mapOf = <T>(value: fc.Arbitrary<T>) =>
  fc
    .uniqueArray(fc.tuple(trustDomainId, value), { selector: ([key]) => key })
    .map((e) => new Map(e));

const x509SvidEntry = fc.record({
  spiffeId: text,
  certificates: bytes,
  key: bytes,
  bundle: bytes,
  hint: text,
});

/** A kind of response: what it can hold, an independent encoder, and our reader. */
function response<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  write: (response: T) => Uint8Array,
  read: (message: Uint8Array) => T,
) {
  return { name, arbitrary, write: (value: unknown) => write(value as T), read };
}

const responses = [
  response(
    "X509SVIDResponse",
    fc.record({
      svids: fc.array(x509SvidEntry),
      crl: fc.array(bytes),
      federatedBundles: mapOf(bytes),
    }),
    encodeX509SvidResponse,
    readX509SvidResponse,
  ),
  response(
    "X509BundlesResponse",
    fc.record({ crl: fc.array(bytes), bundles: mapOf(bytes) }),
    encodeX509BundlesResponse,
    readX509BundlesResponse,
  ),
  response(
    "JWTSVIDResponse",
    fc.record({ svids: fc.array(fc.record({ spiffeId: text, token: text, hint: text })) }),
    encodeJwtSvidResponse,
    readJwtSvidResponse,
  ),
  response(
    "JWTBundlesResponse",
    fc.record({ bundles: mapOf(bytes) }),
    encodeJwtBundlesResponse,
    readJwtBundlesResponse,
  ),
  response(
    "WITSVIDResponse",
    fc.record({
      svids: fc.array(fc.record({ spiffeId: text, token: text, privateKey: text, hint: text })),
    }),
    encodeWitSvidResponse,
    readWitSvidResponse,
  ),
  response(
    "WITBundlesResponse",
    fc.record({ bundles: mapOf(text) }),
    encodeWitBundlesResponse,
    readWitBundlesResponse,
  ),
];

describe.each(responses)("$name", ({ arbitrary, write, read }) => {
  it("is read as an independent writer wrote it", () => {
    fc.assert(
      fc.property(arbitrary as fc.Arbitrary<unknown>, (value) => {
        expect(read(write(value))).toEqual(value);
      }),
    );
  });

  it("is refused or read, however its bytes are changed", () => {
    const change = fc.record({ at: fc.nat(), to: fc.nat(255), cut: fc.boolean() });
    fc.assert(
      fc.property(arbitrary as fc.Arbitrary<unknown>, change, (value, { at, to, cut }) => {
        const message = write(value).slice();
        const place = at % (message.length + 1);
        if (place < message.length) message[place] = to;
        try {
          read(cut ? message.subarray(0, place) : message);
        } catch (error) {
          expect(error).toBeInstanceOf(CredentialError);
          expect(error).toMatchObject({ code: "response_malformed" });
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("is empty without fields", () => {
    const empty = read(new Uint8Array()) as unknown as Record<string, unknown>;
    for (const member of Object.values(empty))
      expect([...(member as Iterable<unknown>)]).toEqual([]);
  });
});

function mapIn(response: object): ReadonlyMap<string, unknown> {
  const map = Object.values(response).find((member) => member instanceof Map);
  return map ?? expect.fail("the response has no map");
}

const bundleMaps = [
  { name: "the federated bundles of X.509-SVIDs", number: 3, read: readX509SvidResponse },
  { name: "X.509 bundles", number: 2, read: readX509BundlesResponse },
  { name: "JWT bundles", number: 1, read: readJwtBundlesResponse },
  { name: "WIT bundles", number: 1, read: readWitBundlesResponse },
];

describe.each(bundleMaps)("$name", ({ number, read }) => {
  const named = (key: string) => [number, encode([1, key], [2, "x"])] as const;

  it.each([
    "__proto__",
    "constructor",
    "td.example",
    "",
    "spiffe://",
    "spiffe://TD.example",
    "spiffe://td.example/workload",
    "spiffe://td.example/",
    "https://td.example",
  ])("WA-025 must not be named %j", (key) => {
    const act = () => read(encode(named("spiffe://td.example"), named(key)));
    expect(act).toThrow(expect.objectContaining({ code: "response_malformed" }));
    expect(act).toThrow(/a bundle is not named for a trust domain$/);
    expect(Object.prototype).not.toHaveProperty("x");
  });

  it("must not have a name twice", () => {
    const act = () => read(encode(named("spiffe://td.example"), named("spiffe://td.example")));
    expect(act).toThrow(expect.objectContaining({ code: "response_malformed" }));
    expect(act).toThrow(/a trust domain has two bundles$/);
  });

  it("may be empty, which whoever uses it has to judge", () => {
    const map = mapIn(read(encode([number, encode([1, "spiffe://td.example"])])));
    expect([...map.keys()]).toEqual(["spiffe://td.example"]);
    expect([...map.values()][0]).toHaveLength(0);
  });

  it("may have its value first, and members that are unknown", () => {
    const entry = encode([2, "x"], [9, "?"], [1, "spiffe://td.example"]);
    const map = mapIn(read(encode([number, entry])));
    expect([...map.keys()]).toEqual(["spiffe://td.example"]);
  });
});

describe("an X.509-SVID", () => {
  it("lets its key be erased where it lies", () => {
    const message = encode([1, encode([3, Uint8Array.of(0xca, 0xfe, 0xca, 0xfe)])]);
    const [svid] = readX509SvidResponse(message).svids;
    svid?.key.fill(0);
    expect(Buffer.from(message).toString("hex")).not.toContain("cafe");
  });
});

describe("writeJwtSvidRequest", () => {
  /** The fields of a request, by the reader of Protobuf-ES. */
  function decode(message: Uint8Array): readonly (readonly [number, string])[] {
    const reader = new BinaryReader(message);
    const fields: (readonly [number, string])[] = [];
    while (reader.pos < reader.len) fields.push([reader.tag()[0], reader.string()]);
    return fields;
  }

  it("is read by an independent reader as it was written", () => {
    const audience = fc.array(fc.string({ unit: "grapheme", maxLength: 20_000 }));
    const id = fc.option(text, { nil: undefined });
    fc.assert(
      fc.property(audience, id, (audience, id) => {
        expect(decode(writeJwtSvidRequest({ audience, id }))).toEqual([
          ...audience.map((name) => [1, name]),
          ...(id === undefined ? [] : [[2, id]]),
        ]);
      }),
    );
  });
});
