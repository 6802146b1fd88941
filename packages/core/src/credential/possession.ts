import { runtime } from "#runtime";
import type { Awaitable } from "../awaitable.js";
import { utf8 } from "../encoding.js";
import { CredentialError } from "../errors.js";
import { type JwsAlgorithm, schemeOf } from "../jose/algorithms.js";
import type { PrivateKey, PublicKey } from "../runtime/port.js";

const challenge = utf8("firsthand: does this private key belong to this credential?");

/** Whether a private key signs what the public key verifies. A key of another kind does not. */
export async function provesPossession(
  algorithm: JwsAlgorithm,
  privateKey: PrivateKey,
  publicKey: PublicKey,
): Promise<boolean> {
  const scheme = schemeOf(algorithm);
  try {
    const signature = await runtime.sign(scheme, privateKey, challenge);
    return await runtime.verify(scheme, publicKey, challenge, signature);
  } catch {
    return false;
  }
}

/**
 * Imports the private key of a credential and makes sure that it is its key.
 *
 * @throws {CredentialError} `credential_key_mismatch`
 */
export async function importOwnKey(
  importKey: () => Awaitable<PrivateKey>,
  algorithm: JwsAlgorithm,
  publicKey: PublicKey,
): Promise<PrivateKey> {
  let key: PrivateKey;
  try {
    key = await importKey();
  } catch (cause) {
    throw new CredentialError("credential_key_mismatch", { cause });
  }
  if (await provesPossession(algorithm, key, publicKey)) return key;
  throw new CredentialError("credential_key_mismatch");
}
