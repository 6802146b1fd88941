import { runtime } from "#runtime";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of a string. */
export function utf8(text: string): Uint8Array {
  return runtime.utf8(text);
}

/** The string of UTF-8 bytes; throws `TypeError` on any malformed sequence. Keeps a BOM. */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** base64url without padding (RFC 7515 §2), of bytes or of the UTF-8 bytes of a text. */
export function base64url(data: Uint8Array | string): string {
  return runtime.base64url(data);
}

/**
 * Bytes of canonical base64url, or `undefined` for anything else: padding, white space, the `+/`
 * alphabet, and bits that no encoder sets. One text per value, so that text may serve as identity.
 */
export function fromBase64url(text: string): Uint8Array | undefined {
  return runtime.fromBase64url(text);
}

/** Bytes of standard base64 with padding, as `x5c` uses it (RFC 7517 §4.7), or `undefined`. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || text.includes("-") || text.includes("_")) return undefined;
  const unpadded = text.endsWith("==")
    ? text.slice(0, -2)
    : text.endsWith("=")
      ? text.slice(0, -1)
      : text;
  const bytes = fromBase64url(unpadded.replaceAll("+", "-").replaceAll("/", "_"));
  return bytes && Uint8Array.from(bytes); // a copy may be kept
}

/** Standard base64 with padding. */
export function base64(bytes: Uint8Array): string {
  const text = base64url(bytes).replaceAll("-", "+").replaceAll("_", "/");
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}

/** Whether two byte strings are equal. Not constant time: what is compared here is public. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
