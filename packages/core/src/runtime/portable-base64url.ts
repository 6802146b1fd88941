const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const values = new Int8Array(128).fill(-1);
for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i;

/** {@link Runtime.base64url} in plain JavaScript. */
export function encodeBase64url(bytes: Uint8Array): string {
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

/** {@link Runtime.fromBase64url} in plain JavaScript. */
export function decodeBase64url(text: string): Uint8Array | undefined {
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

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

function sextet(value: number): string {
  return alphabet[value & 63] as string;
}
