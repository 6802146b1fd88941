import { runtime } from "#runtime";
import { CredentialError } from "../errors.js";
import { hashText } from "../hash.js";
import type { JsonWebKey } from "../runtime/port.js";
import { readWitSvid } from "../svid/wit-svid.js";
import type { WitCredential } from "./credential.js";
import { importOwnKey } from "./possession.js";

/** A WIT-SVID as it is delivered: the token and its private key. */
export interface WitSvidMaterial {
  readonly token: string;
  /** The private key of `cnf.jwk` as JWK. */
  readonly privateKey: JsonWebKey;
}

/**
 * Makes a credential of a WIT-SVID and its key. Checked: the token's form, its subject and
 * confirmation key, and that the key is its key. Not checked here: signature and times.
 *
 * @throws {CredentialError} `credential_invalid`, `credential_key_mismatch`
 */
export async function loadWitSvid({ token, privateKey }: WitSvidMaterial): Promise<WitCredential> {
  const { id, key: publicKey, algorithm, expiresAt } = await read(token);
  const importPrivate = () => runtime.importPrivateJwk(privateKey, publicKey.shape);
  const key = await importOwnKey(importPrivate, algorithm, publicKey);
  const thumbprint = await hashText(token);
  return Object.freeze({ kind: "wit-svid", id, token, algorithm, key, expiresAt, thumbprint });
}

async function read(token: string) {
  try {
    return await readWitSvid(token, "wimse");
  } catch (cause) {
    throw new CredentialError("credential_invalid", { cause });
  }
}
