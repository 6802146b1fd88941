const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const values = new Int8Array(128).fill(-1);
for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of a string. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The string of UTF-8 bytes; throws `TypeError` on any malformed sequence. Keeps a BOM. */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** base64url without padding (RFC 7515 §2). */
export function base64url(bytes: Uint8Array): string {
  let text = "";
  let i = 0;
  for (; i + 2 < bytes.length; i += 3) {
    const group = (byte(bytes, i) << 16) | (byte(bytes, i + 1) << 8) | byte(bytes, i + 2);
    text += sextet(group >> 18) + sextet(group >> 12) + sextet(group >> 6) + sextet(group);
  }
  if (bytes.length - i === 1) {
    const group = byte(bytes, i) << 4;
    text += sextet(group >> 6) + sextet(group);
  } else if (bytes.length - i === 2) {
    const group = ((byte(bytes, i) << 8) | byte(bytes, i + 1)) << 2;
    text += sextet(group >> 12) + sextet(group >> 6) + sextet(group);
  }
  return text;
}

/**
 * Bytes of canonical base64url, or `undefined` for anything else: padding, white space, the `+/`
 * alphabet, and bits that no encoder sets. One text per value, so that text may serve as identity.
 */
export function fromBase64url(text: string): Uint8Array | undefined {
  const rest = text.length % 4;
  if (rest === 1) return undefined;
  const bytes = new Uint8Array((text.length * 3) >> 2);
  let at = 0;
  let group = 0;
  let bits = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const value = code < 128 ? (values[code] as number) : -1;
    if (value < 0) return undefined;
    group = ((group << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = group >> bits;
    }
  }
  return (group & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}

/** Bytes of standard base64 with padding, as `x5c` uses it (RFC 7517 §4.7), or `undefined`. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || text.includes("-") || text.includes("_")) return undefined;
  const unpadded = text.endsWith("==")
    ? text.slice(0, -2)
    : text.endsWith("=")
      ? text.slice(0, -1)
      : text;
  return fromBase64url(unpadded.replaceAll("+", "-").replaceAll("/", "_"));
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

/** The byte strings one after another. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

function sextet(value: number): string {
  return alphabet[value & 63] as string;
}
