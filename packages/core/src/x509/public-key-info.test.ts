import { describe, expect, it } from "vitest";
import type { VerificationCode } from "../refusal-codes.js";
import { concat } from "../runtime/concat.js";
import { parseCertificate } from "./certificate.js";
import {
  bytes,
  ca,
  ecKey,
  leaf,
  refusal,
  replaced,
  type Spec,
  tlv,
} from "./certificate-fixtures.test-support.js";

const key = ecKey();
const root = ca("root", { key });
const parseLeaf = (spec: Spec) => parseCertificate(leaf(root, { key, ...spec }).der);

/** A SubjectPublicKeyInfo whose RSA key has a modulus and an exponent of our making. */
function rsaSpki(bits: number, exponent = bytes("010001")): Uint8Array {
  const modulus = new Uint8Array(Math.ceil(bits / 8)).fill(0xff);
  modulus[0] = (1 << (((bits - 1) % 8) + 1)) - 1;
  const integer = (value: Uint8Array) =>
    tlv(0x02, (value[0] ?? 0) < 0x80 ? value : concat(Uint8Array.of(0), value));
  return spki(
    bytes("300d06092a864886f70d0101010500"),
    tlv(0x30, integer(modulus), integer(exponent)),
  );
}

function spki(algorithm: Uint8Array, subjectPublicKey: Uint8Array, unusedBits = 0): Uint8Array {
  return tlv(0x30, algorithm, tlv(0x03, Uint8Array.of(unusedBits), subjectPublicKey));
}

describe("the key of a certificate", () => {
  const p256 = bytes("301306072a8648ce3d020106082a8648ce3d030107");
  const point = concat(Uint8Array.of(4), new Uint8Array(64).fill(1));
  const ellipticParameters = tlv(
    0x30,
    bytes("06072a8648ce3d0201"),
    tlv(0x30, bytes("020101"), tlv(0x30, bytes("06072a8648ce3d0101 020103"))),
  );
  const pem = (curve: string) => ecKey(curve).publicKey.export({ type: "spki", format: "der" });
  const rsaAlgorithm = bytes("300d06092a864886f70d0101010500");

  it.each([
    ["P-256", { kind: "ec", curve: "P-256" }],
    ["P-384", { kind: "ec", curve: "P-384" }],
    ["P-521", { kind: "ec", curve: "P-521" }],
  ])("accepts %s", (curve, keyShape) => {
    expect(parseLeaf({ spki: pem(curve) }).keyShape).toEqual(keyShape);
  });

  it.each([2048, 2049, 3072, 4096])("accepts RSA of %i bits", (bits) => {
    expect(parseLeaf({ spki: rsaSpki(bits) }).keyShape).toEqual({ kind: "rsa", bits });
  });

  it("accepts RSA of up to 8192 bits for a CA", () => {
    expect(parseCertificate(ca("big", { spki: rsaSpki(8192), issuer: root }).der).keyShape).toEqual(
      {
        kind: "rsa",
        bits: 8192,
      },
    );
    const bigger = ca("bigger", { spki: rsaSpki(8193), issuer: root });
    expect(() => parseCertificate(bigger.der)).toThrow(refusal("certificate_key_weak"));
  });

  it.each([3, 5, 65537, 0xffffffff])("accepts the RSA exponent %i", (exponent) => {
    const octets = exponent.toString(16);
    const spki = rsaSpki(2048, bytes(octets.padStart(octets.length + (octets.length % 2), "0")));
    expect(parseLeaf({ spki }).keyShape).toEqual({ kind: "rsa", bits: 2048 });
  });

  const refused: Record<string, [VerificationCode, Uint8Array]> = {
    "XV-057 RSA of 1024 bits": ["certificate_key_weak", rsaSpki(1024)],
    "RSA of 2047 bits": ["certificate_key_weak", rsaSpki(2047)],
    "RSA of 4097 bits": ["certificate_key_weak", rsaSpki(4097)],
    "RSA of 8192 bits in a leaf": ["certificate_key_weak", rsaSpki(8192)],
    "the RSA exponent 1": ["certificate_key_weak", rsaSpki(2048, bytes("01"))],
    "an even RSA exponent": ["certificate_key_weak", rsaSpki(2048, bytes("010000"))],
    "an RSA exponent of 33 bits": ["certificate_key_weak", rsaSpki(2048, bytes("0100000001"))],
    "the RSA exponent 0": ["certificate_malformed", rsaSpki(2048, bytes("00"))],
    "a negative modulus": ["certificate_malformed", spki(rsaAlgorithm, bytes("30060201ff020103"))],
    "RSA without exponent": ["certificate_malformed", spki(rsaAlgorithm, bytes("3003020101"))],
    "a third RSA number": [
      "certificate_malformed",
      spki(rsaAlgorithm, bytes("3009020101020103020103")),
    ],
    "an RSA key that is not DER": ["certificate_malformed", spki(rsaAlgorithm, bytes("3080"))],
    "RSA without parameters": [
      "certificate_algorithm_unsupported",
      spki(bytes("300b06092a864886f70d010101"), bytes("3000")),
    ],
    "XV-060 secp256k1": ["certificate_algorithm_unsupported", pem("secp256k1")],
    "XV-060 P-224": ["certificate_algorithm_unsupported", pem("secp224r1")],
    "XV-060 explicit curve parameters": [
      "certificate_algorithm_unsupported",
      spki(ellipticParameters, point),
    ],
    "an Ed25519 key": [
      "certificate_algorithm_unsupported",
      spki(bytes("300506032b6570"), new Uint8Array(32)),
    ],
    "a compressed point": [
      "certificate_algorithm_unsupported",
      spki(p256, concat(Uint8Array.of(2), new Uint8Array(32).fill(1))),
    ],
    "a point that is too short": ["certificate_malformed", spki(p256, point.slice(1).fill(4))],
    "a key with unused bits": ["certificate_malformed", spki(p256, new Uint8Array(65).fill(4), 1)],
    "something after the key": [
      "certificate_malformed",
      tlv(0x30, p256, tlv(0x03, Uint8Array.of(0), point), bytes("0500")),
    ],
  };

  it.each(Object.entries(refused))("refuses %s", (_, [code, spki]) => {
    const own = key.publicKey.export({ type: "spki", format: "der" });
    const changeBytes = replaced(new Uint8Array(own), spki);
    expect(() => parseLeaf({ changeBytes })).toThrow(refusal(code));
  });
});
