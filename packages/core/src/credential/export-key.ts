import { runtime } from "#runtime";
import type { Credential } from "./credential.js";

/**
 * The private key of a credential, for a TLS stack of the same process: PKCS#8 DER, unencrypted. It
 * is the one way by which a key leaves its credential.
 *
 * @throws {ConfigurationError} `key_not_exportable` where keys live in WebCrypto
 */
export function exportPrivateKey(credential: Credential): Uint8Array {
  return runtime.exportPkcs8(credential.key);
}
