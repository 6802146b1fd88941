import type { PublicKey } from "./port.js";

/**
 * Whether a signature is as long as the key makes them (RFC 8017 §8.1.2, §8.2.2). OpenSSL also takes
 * RSA-PSS signatures without their leading zeros, so that one signature would have several texts.
 */
export function hasLengthOf({ shape }: PublicKey, signature: Uint8Array): boolean {
  return shape.kind !== "rsa" || signature.length === Math.ceil(shape.bits / 8);
}
