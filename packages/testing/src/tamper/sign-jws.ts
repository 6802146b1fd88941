import { constants, type KeyObject, sign } from "node:crypto";
import type { SpiffeAlgorithm } from "../keys.js";

const digests = { "256": "sha256", "384": "sha384", "512": "sha512" } as const;

/**
 * Signs any text as a JWS, sense or nonsense: a JOSE library would refuse to. The key only has to be
 * of the right family, so that a P-256 key can sign as ES384 (RFC 7518 §3).
 */
export function signJws(algorithm: SpiffeAlgorithm, key: KeyObject, input: string): Buffer {
  const digest = digests[algorithm.slice(2) as keyof typeof digests];
  const data = Buffer.from(input);
  switch (algorithm.slice(0, 2)) {
    case "ES":
      return sign(digest, data, { key, dsaEncoding: "ieee-p1363" });
    case "PS":
      return sign(digest, data, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      });
    default:
      return sign(digest, data, key);
  }
}
