import { sign, verify } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newKeyPair } from "../key-pair.test-support.js";
import { ecdsaFromDer, ecdsaToDer, maxEcdsaDerLength } from "./ecdsa-signature.js";
import { runtime } from "./node.js";
import type { HashName } from "./port.js";
import { fieldLengths } from "./signature-length.js";

const rows = (["P-256", "P-384", "P-521"] as const).map((curve, at) => ({
  curve,
  hash: (["SHA-256", "SHA-384", "SHA-512"] as const satisfies HashName[])[at] as HashName,
  half: fieldLengths[curve],
  ...newKeyPair("ec", { namedCurve: curve }),
}));

/** What was there before must not show. */
const toDer = (fixed: Uint8Array) =>
  ecdsaToDer(fixed, new Uint8Array(maxEcdsaDerLength).fill(0xff));

const message = fc.uint8Array({ maxLength: 40 });
/** Octets with what makes integers of DER differ: zeros in front, and a first bit that is set. */
const octets = (half: number) =>
  fc
    .tuple(fc.nat(half), fc.uint8Array({ minLength: half, maxLength: half }))
    .map(([zeros, bytes]) => Uint8Array.from(bytes, (byte, at) => (at < zeros ? 0 : byte)));

describe.each(rows)("an ECDSA signature of $curve", (row) => {
  const { half, publicKey, privateKey } = row;
  const digest = row.hash.replace("-", "").toLowerCase();
  const shape = { kind: "ec", curve: row.curve } as const;
  const scheme = { family: "ecdsa", hash: row.hash } as const;

  it("is the one that OpenSSL writes, in both forms", () => {
    fc.assert(
      fc.property(message, (data) => {
        const der = new Uint8Array(sign(digest, data, privateKey));
        const fixed = ecdsaFromDer(der, half);
        const p1363 = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
        expect(verify(digest, data, p1363, fixed)).toBe(true);
        expect(toDer(fixed)).toEqual(der);
      }),
    );
  });

  it("comes back from DER as it was, whatever its integers", () => {
    fc.assert(
      fc.property(octets(half), octets(half), (r, s) => {
        const fixed = Uint8Array.of(...r, ...s);
        const der = toDer(fixed);
        expect(integersOf(der)).toEqual([r, s].map((bytes) => BigInt(hex(bytes))));
        expect(ecdsaFromDer(der, half)).toEqual(fixed);
      }),
    );
  });

  it("is judged as OpenSSL judges r‖s itself", async () => {
    const key = await runtime.importPublicJwk(publicKey.export({ format: "jwk" }), shape);
    const data = Uint8Array.of(1, 2, 3);
    const p1363 = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
    const good = sign(digest, data, { key: privateKey, dsaEncoding: "ieee-p1363" });
    const flipped = fc.nat(good.length * 8 - 1).map((bit) => {
      const copy = Uint8Array.from(good);
      copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
      return copy;
    });
    const cut = fc.nat(good.length).map((length) => Uint8Array.from(good.subarray(0, length)));
    const padded = message.map((more) => Uint8Array.of(...good, ...more));
    const zeroed = fc.tuple(octets(half), octets(half)).map(([r, s]) => Uint8Array.of(...r, ...s));
    const der = fc.constant(Uint8Array.from(sign(digest, data, privateKey)));
    fc.assert(
      fc.property(fc.oneof(flipped, cut, padded, zeroed, der), (signature) => {
        const expected = signature.length === 2 * half && verify(digest, data, p1363, signature);
        expect(runtime.verify(scheme, key, data, signature)).toBe(expected);
      }),
      { numRuns: 200 },
    );
  });
});

/** r and s, read by the rules of X.690 in as plain a way as there is. */
function integersOf(der: Uint8Array): readonly bigint[] {
  const start = (der[1] as number) < 0x80 ? 2 : 3;
  expect([der[0], der[start - 1]]).toEqual([0x30, der.length - start]);
  if (start === 3) expect(der.length - start).toBeGreaterThan(0x7f);
  const end = start + 2 + (der[start + 1] as number);
  const integers = [der.subarray(start, end), der.subarray(end)];
  return integers.map((integer) => {
    const [tag, length, first = 0, second = 0x80] = integer;
    expect([tag, length]).toEqual([0x02, integer.length - 2]);
    expect(first).toBeLessThan(0x80); // not negative
    if (first === 0) expect(second).toBeGreaterThan(0x7f); // no octet that is not needed
    return BigInt(hex(integer.subarray(2)));
  });
}

function hex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString("hex")}`;
}
