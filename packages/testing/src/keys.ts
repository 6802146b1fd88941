import { createPrivateKey, createPublicKey, generateKeyPair, KeyObject } from "node:crypto";
import type { JsonWebKey, JwsAlgorithm } from "@firsthand/core";

const pkcs8 = { format: "der", type: "pkcs8" } as const;
const spki = { format: "der", type: "spki" } as const;

/** A kind of key pair. The weak and foreign ones are there to be refused. */
export type KeyType = keyof typeof recipes;

const recipes = {
  "P-256": { namedCurve: "P-256" },
  "P-384": { namedCurve: "P-384" },
  "P-521": { namedCurve: "P-521" },
  secp256k1: { namedCurve: "secp256k1" },
  "RSA-1024": { modulusLength: 1024 },
  "RSA-2048": { modulusLength: 2048 },
  "RSA-3072": { modulusLength: 3072 },
  "RSA-4096": { modulusLength: 4096 },
} as const;

/**
 * Supplies fixed private keys, so that a trust domain can be made again exactly as it was. It is
 * asked for each key by its role: `x509-root/1`, `x509-intermediate/1`, `jwt-authority/1`,
 * `wit-authority/1` (the number counts rotations), `x509-svid/spiffe://…` and `wit-svid/spiffe://…`.
 * Where it answers `undefined`, a key is generated.
 */
export type KeyProvider = (role: string, type: KeyType) => KeyObject | undefined;

/** Where a trust domain gets its private keys from. */
export interface Keyring {
  /** The key of an authority; always its own. */
  authorityKey(role: string, type: KeyType): Promise<KeyObject>;
  /** The key of a workload. RSA keys are slow to make: each role gets one for the whole process. */
  workloadKey(role: string, type: KeyType): Promise<KeyObject>;
}

const rsaKeys = new Map<string, Promise<KeyObject>>();

export function createKeyring(provider: KeyProvider = () => undefined): Keyring {
  return {
    authorityKey: async (role, type) => provider(role, type) ?? generateKey(type),
    workloadKey: async (role, type) => provider(role, type) ?? generateWorkloadKey(role, type),
  };
}

function generateWorkloadKey(role: string, type: KeyType): Promise<KeyObject> {
  if (!type.startsWith("RSA")) return generateKey(type);
  const name = `${type} ${role}`;
  const key = rsaKeys.get(name) ?? generateKey(type);
  rsaKeys.set(name, key);
  return key;
}

/**
 * A new private key, read from bytes. The two objects of `generateKeyPair` share what they hold without a
 * lock in Node 20, and one of some thousand exports as JWK waits for itself for ever.
 */
export function generateKey(type: KeyType): Promise<KeyObject> {
  const recipe = { ...recipes[type], privateKeyEncoding: pkcs8, publicKeyEncoding: spki };
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null, _publicKey: Buffer, privateKey: Buffer) =>
      error === null ? resolve(toPrivateKey(privateKey)) : reject(error);
    if ("namedCurve" in recipe) generateKeyPair("ec", recipe, settle);
    else generateKeyPair("rsa", recipe, settle);
  });
}

/** The kind of key that an algorithm needs. */
export function keyTypeFor(algorithm: SpiffeAlgorithm): KeyType {
  return ecKeyTypes[algorithm] ?? "RSA-2048";
}

/** The nine signature algorithms of SPIFFE (JWT-SVID §2.1). */
export type SpiffeAlgorithm = Exclude<JwsAlgorithm, "EdDSA" | "Ed25519">;

const ecKeyTypes: Partial<Record<SpiffeAlgorithm, KeyType>> = {
  ES256: "P-256",
  ES384: "P-384",
  ES512: "P-521",
};

/** A private key in each form in which the kit hands one out: PKCS#8 DER, JWK, or the object. */
export type PrivateKeyInput = Uint8Array | JsonWebKey | KeyObject;

/** The object of a private key. */
export function toPrivateKey(key: PrivateKeyInput): KeyObject {
  if (key instanceof KeyObject) return key;
  if (key instanceof Uint8Array) {
    return createPrivateKey({ key: Buffer.from(key), format: "der", type: "pkcs8" });
  }
  return createPrivateKey({ key: { ...key }, format: "jwk" });
}

/** The public half of a private key, as JWK. */
export function publicJwk(key: KeyObject) {
  return createPublicKey(key).export({ format: "jwk" });
}
