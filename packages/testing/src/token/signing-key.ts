import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { ConfigurationError } from "@firsthand/core";
import { type Keyring, type KeyType, keyTypeFor, type SpiffeAlgorithm } from "../keys.js";

/** A key that signs tokens of one kind. The bundle has its public half under its `kid`. */
export interface SigningKey {
  readonly keyId: string;
  readonly keyType: KeyType;
  readonly key: KeyObject;
}

/** Makes one signing key for each kind of key that the algorithms need. */
export async function createSigningKeys(
  role: string,
  algorithms: readonly SpiffeAlgorithm[],
  keyring: Keyring,
): Promise<readonly SigningKey[]> {
  const keyTypes = [...new Set(algorithms.map(keyTypeFor))];
  return Promise.all(
    keyTypes.map(async (keyType) => {
      const key = await keyring.authorityKey(role, keyType);
      return { keyId: keyIdOf(key), keyType, key };
    }),
  );
}

/** @throws {ConfigurationError} when none of the keys can be used with the algorithm */
export function signingKeyFor(keys: readonly SigningKey[], algorithm: SpiffeAlgorithm): SigningKey {
  const signingKey = keys.find(({ keyType }) => keyType === keyTypeFor(algorithm));
  if (signingKey === undefined) {
    const problem = `no authority signs with ${algorithm}; createTrustDomain has tokenAlgorithms`;
    throw new ConfigurationError("option_invalid", problem, { option: "algorithm" });
  }
  return signingKey;
}

function keyIdOf(key: KeyObject): string {
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return createHash("sha256").update(spki).digest("base64url").slice(0, 32);
}
