import { base64, base64url, fromBase64url } from "../encoding.js";
import { VerificationError } from "../errors.js";
import { parseDictionary } from "./structured-field.js";

/** The value of `Content-Digest` (RFC 9530 §2) for a base64url SHA-256. */
export function formatContentDigest(digest: string): string {
  return `sha-256=:${base64(fromBase64url(digest) as Uint8Array)}:`;
}

/**
 * Reads `Content-Digest` as the base64url SHA-256 that is in it. Any other algorithm beside it is
 * refused, since it would be a promise that nobody checks.
 *
 * @throws {VerificationError} `signature_malformed`, `digest_unsupported`
 */
export function parseContentDigest(text: string): string {
  const [first, ...others] = parseDictionary(text);
  const [algorithm, [bytes]] = first ?? [undefined, [undefined]];
  if (algorithm !== "sha-256" || others.length > 0 || !(bytes instanceof ArrayBuffer)) {
    throw new VerificationError("digest_unsupported", { token: "http-signature" });
  }
  return base64url(new Uint8Array(bytes));
}
