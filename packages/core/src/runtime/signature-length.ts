import type { KeyShape, PublicKey } from "./port.js";

/** Octets of a coordinate, and of each half of an ECDSA signature. */
export const fieldLengths = { "P-256": 32, "P-384": 48, "P-521": 66 } as const;

/**
 * Whether a signature is as long as the key makes them (RFC 8017 §8.1.2, §8.2.2; RFC 7518 §3.4;
 * RFC 8032 §5.1.6). OpenSSL also takes RSA-PSS signatures without their leading zeros, so that one
 * signature would have several texts.
 */
export function hasLengthOf({ shape }: PublicKey, { length }: Uint8Array): boolean {
  return length === signatureLength(shape);
}

function signatureLength(shape: KeyShape): number {
  switch (shape.kind) {
    case "ec":
      return 2 * fieldLengths[shape.curve];
    case "rsa":
      return Math.ceil(shape.bits / 8);
    case "ed25519":
      return 64;
  }
}
