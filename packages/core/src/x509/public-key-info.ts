import { VerificationError } from "../errors.js";
import type { KeyShape } from "../runtime/port.js";
import { fieldLengths } from "../runtime/signature-length.js";
import { tags } from "./der.js";
import { derHex, hex, oidHex } from "./der-hex.js";
import { type DerElement, DerReader, readSequence } from "./der-reader.js";
import { positiveInteger, wholeOctets } from "./der-values.js";

const minRsaBits = 2048;
const maxLeafRsaBits = 4096;
const maxCaRsaBits = 8192;
const uncompressed = 0x04;

type EcShape = KeyShape & { readonly kind: "ec" };

const ecPublicKey = oidHex("1.2.840.10045.2.1");
const rsaEncryption = sequence(oidHex("1.2.840.113549.1.1.1"), derHex(tags.null));

/** Only curves by name: explicit parameters would let the owner of a key choose the generator. */
const curves: ReadonlyMap<string, EcShape> = new Map([
  [sequence(ecPublicKey, oidHex("1.2.840.10045.3.1.7")), { kind: "ec", curve: "P-256" }],
  [sequence(ecPublicKey, oidHex("1.3.132.0.34")), { kind: "ec", curve: "P-384" }],
  [sequence(ecPublicKey, oidHex("1.3.132.0.35")), { kind: "ec", curve: "P-521" }],
]);

/**
 * The kind and size of the key in a SubjectPublicKeyInfo: P-256, P-384, P-521, or RSA of 2048 to
 * 4096 bits, for a CA to 8192, with an odd exponent from 3 below 2³².
 *
 * @throws {VerificationError} `certificate_algorithm_unsupported`, `certificate_key_weak`,
 * `certificate_malformed`
 */
export function keyShapeOf(spki: DerElement, isCa: boolean): KeyShape {
  const reader = new DerReader(spki.content);
  const algorithm = hex(reader.next(tags.sequence).der);
  const key = wholeOctets(reader.next(tags.bitString));
  reader.end();
  if (algorithm === rsaEncryption) return rsaShapeOf(key, isCa ? maxCaRsaBits : maxLeafRsaBits);
  const curve = curves.get(algorithm);
  if (curve === undefined) throw new VerificationError("certificate_algorithm_unsupported");
  checkPoint(key, curve);
  return curve;
}

function checkPoint(point: Uint8Array, { curve }: EcShape): void {
  if (point[0] !== uncompressed) throw new VerificationError("certificate_algorithm_unsupported");
  if (point.length !== 1 + 2 * fieldLengths[curve]) {
    throw new VerificationError("certificate_malformed");
  }
}

function rsaShapeOf(key: Uint8Array, maxBits: number): KeyShape {
  const reader = readSequence(key);
  const modulus = positiveInteger(reader.next(tags.integer));
  const exponent = positiveInteger(reader.next(tags.integer));
  reader.end();
  const bits = modulus.length * 8 - Math.clz32(modulus[0] as number) + 24;
  if (bits < minRsaBits || bits > maxBits || !isExponentSound(exponent)) {
    throw new VerificationError("certificate_key_weak");
  }
  return { kind: "rsa", bits };
}

function isExponentSound(exponent: Uint8Array): boolean {
  const isOdd = ((exponent.at(-1) as number) & 1) === 1;
  const isOne = exponent.length === 1 && exponent[0] === 1;
  return isOdd && !isOne && exponent.length <= 4;
}

function sequence(...contents: readonly string[]): string {
  return derHex(tags.sequence, ...contents);
}
