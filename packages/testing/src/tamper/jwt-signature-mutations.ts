import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { toPrivateKey } from "../keys.js";
import { type JwtMutation, tamperJwt } from "./tamper-jwt.js";

/** The signature, and claims that it does not cover. */
export const jwtSignatureMutations = {
  claimsEdited: (token) => tamperJwt(token, { claims: { edited: true } }),
  headerEdited: (token) => tamperJwt(token, { header: { edited: true } }),
  signatureEmpty: withSignature(() => Buffer.alloc(0)),
  signatureZero: withSignature((signature) => Buffer.alloc(signature.length)),
  signatureBitFlipped: withSignature((signature) => flipLastBit(signature)),
  signatureTruncated: withSignature((signature) => signature.subarray(0, -1)),
  signatureExtended: withSignature((signature) => Buffer.concat([signature, Buffer.alloc(1)])),
  /** Two DER integers, as X.509 writes ECDSA signatures; of an RSA signature only other bytes. */
  signatureInDer: withSignature(toDer),
  signedByStranger: (token, key) => tamperJwt(token, { resignWith: stranger(toPrivateKey(key)) }),
} as const satisfies Record<string, JwtMutation>;

function withSignature(signature: (good: Buffer) => Uint8Array): JwtMutation {
  return (token) => tamperJwt(token, { signature });
}

function flipLastBit(signature: Buffer): Buffer {
  const flipped = Buffer.from(signature);
  flipped.writeUInt8(signature.readUInt8(signature.length - 1) ^ 1, signature.length - 1);
  return flipped;
}

function toDer(signature: Buffer): Buffer {
  const half = signature.length / 2;
  const body = Buffer.concat([
    derInteger(signature.subarray(0, half)),
    derInteger(signature.subarray(half)),
  ]);
  return tagged(0x30, body);
}

function derInteger(magnitude: Buffer): Buffer {
  const first = magnitude.findIndex((byte) => byte !== 0);
  const digits = magnitude.subarray(first);
  return tagged(0x02, digits.readUInt8(0) < 0x80 ? digits : Buffer.from([0, ...digits]));
}

function tagged(tag: number, value: Buffer): Buffer {
  const length = value.length < 0x80 ? [value.length] : [0x81, value.length];
  return Buffer.from([tag, ...length, ...value]);
}

/** A new key of the same kind. */
function stranger(key: KeyObject): KeyObject {
  const { namedCurve, modulusLength = 2048 } = key.asymmetricKeyDetails ?? {};
  const pair =
    namedCurve === undefined
      ? generateKeyPairSync("rsa", { modulusLength })
      : generateKeyPairSync("ec", { namedCurve });
  return pair.privateKey;
}
