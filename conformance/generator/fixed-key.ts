import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { p256, p384 } from "@noble/curves/nist.js";

const curves = {
  "P-256": { curve: p256, hash: "sha256", algorithm: "ES256" },
  "P-384": { curve: p384, hash: "sha384", algorithm: "ES384" },
} as const;

/** A key pair that follows from its role, and signs the same bytes the same way each time. */
export interface FixedKey {
  readonly role: string;
  readonly algorithm: "ES256" | "ES384";
  readonly privateKey: KeyObject;
  readonly privateJwk: JsonWebKey;
  readonly publicJwk: JsonWebKey;
  /** An ECDSA signature with the nonce of RFC 6979: r‖s, or the SEQUENCE of certificates. */
  sign(data: Uint8Array, form: "compact" | "der"): Uint8Array;
}

type JsonWebKey = Readonly<Record<string, unknown>>;

/** Makes the key of a role. Whoever reads this can make it too: such a key is never a secret. */
export function fixedKey(role: string, name: keyof typeof curves = "P-256"): FixedKey {
  const { curve, hash, algorithm } = curves[name];
  const secret = createHash(hash).update(`firsthand conformance test key: ${role}`).digest();
  const point = Buffer.from(curve.getPublicKey(secret, false)).subarray(1);
  const half = point.length / 2;
  const jwk = {
    kty: "EC",
    crv: name,
    x: point.subarray(0, half).toString("base64url"),
    y: point.subarray(half).toString("base64url"),
    d: secret.toString("base64url"),
  };
  const privateKey = createPrivateKey({ key: jwk, format: "jwk" });
  return {
    role,
    algorithm,
    privateKey,
    privateJwk: jwk,
    publicJwk: createPublicKey(privateKey).export({ format: "jwk" }) as JsonWebKey,
    sign: (data, form) => {
      const signature = curve.sign(data, secret, { lowS: false });
      return form === "compact"
        ? signature
        : curve.Signature.fromBytes(signature, "compact").toBytes("der");
    },
  };
}
