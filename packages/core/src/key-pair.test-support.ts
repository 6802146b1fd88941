import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";

const pkcs8 = { format: "der", type: "pkcs8" } as const;
const spki = { format: "der", type: "spki" } as const;

/**
 * A new pair of keys, read from bytes. The two objects of `generateKeyPairSync` share what they hold without
 * a lock in Node 20, and one of some thousand exports as JWK waits for itself for ever.
 */
export function newKeyPair(
  kind: "ec" | "rsa" | "ed25519",
  options: { readonly namedCurve?: string; readonly modulusLength?: number } = {},
): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  const pair = generateKeyPairSync(kind as "ec", {
    ...(options as { namedCurve: string }),
    privateKeyEncoding: pkcs8,
    publicKeyEncoding: spki,
  });
  return {
    privateKey: createPrivateKey({ key: pair.privateKey, ...pkcs8 }),
    publicKey: createPublicKey({ key: pair.publicKey, ...spki }),
  };
}
