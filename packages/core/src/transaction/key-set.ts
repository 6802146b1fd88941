import { CredentialError } from "../errors.js";
import { byKeyId, tokenAuthoritiesOf } from "../trust/bundle-authorities.js";
import { parseBundleDocument } from "../trust/bundle-document.js";
import type { TokenAuthority } from "../trust/trust-bundle.js";

/** Where the keys of an issuer come from. A snapshot: the answer never waits and is never torn. */
export interface KeySetSource {
  /**
   * The public keys by `kid`.
   *
   * @throws {CredentialError} `source_expired`, `source_closed`
   */
  authorities(): ReadonlyMap<string, TokenAuthority>;
}

/**
 * Reads a JWK Set (RFC 7517 §5) of an issuer of tokens: a source that never changes. A key needs a
 * `kid`; keys for anything but signatures, and of kinds that are not known, are ignored.
 *
 * @throws {CredentialError} `key_set_invalid`, also above 1 MiB or 500 keys, for a `kid` that is there
 * twice and for private keys; `cause` has the rule that is broken
 */
export async function parseKeySet(document: string | Uint8Array): Promise<KeySetSource> {
  try {
    const { keys } = parseBundleDocument(document);
    const forSignatures = keys.filter(({ use }) => use === undefined || use === "sig");
    const authorities = byKeyId(await tokenAuthoritiesOf(forSignatures));
    return Object.freeze({ authorities: () => authorities });
  } catch (cause) {
    throw new CredentialError("key_set_invalid", { cause });
  }
}
