const sequence = 0x30;
const integer = 0x02;
/** The next octet is the length. No signature of the curves in use, up to P-521, needs two. */
const longLength = 0x81;
export const maxEcdsaDerLength = 3 + 2 * (2 + 67);

/**
 * An ECDSA signature r‖s (IEEE P1363) as SEQUENCE { r INTEGER, s INTEGER }, in the one encoding that
 * DER has for it (X.690 §8.3.2, §10.1). Says nothing about the range of r and s. It is written to the
 * start of `der`.
 */
export function ecdsaToDer(fixed: Uint8Array, der: Uint8Array): Uint8Array {
  const half = fixed.length >> 1;
  const rLength = integerLength(fixed, 0, half);
  const sLength = integerLength(fixed, half, fixed.length);
  const length = rLength + sLength + 4;
  const start = length > 0x7f ? 3 : 2;
  der[0] = sequence;
  if (start === 3) der[1] = longLength;
  der[start - 1] = length;
  writeInteger(der, start, rLength, fixed, half);
  writeInteger(der, start + 2 + rLength, sLength, fixed, fixed.length);
  return der.subarray(0, start + length);
}

/** The r‖s, with `half` octets each, of a signature that was just made in DER. */
export function ecdsaFromDer(der: Uint8Array, half: number): Uint8Array {
  const fixed = new Uint8Array(2 * half);
  const r = der[1] === longLength ? 3 : 2;
  const s = r + 2 + (der[r + 1] as number);
  readInteger(der, r, fixed, half);
  readInteger(der, s, fixed, 2 * half);
  return fixed;
}

/** Octets of an unsigned integer in DER: no leading zeros, but for one that keeps it positive. */
function integerLength(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end - 1 && bytes[at] === 0) at++;
  return end - at + ((bytes[at] as number) >> 7);
}

function writeInteger(der: Uint8Array, at: number, length: number, from: Uint8Array, end: number) {
  der[at] = integer;
  der[at + 1] = length;
  der[at + 2] = 0; // there may be an octet for the sign
  const octets = Math.min(length, from.length >> 1);
  const last = at + 1 + length;
  for (let back = 0; back < octets; back++) der[last - back] = from[end - 1 - back] as number;
}

function readInteger(der: Uint8Array, at: number, to: Uint8Array, end: number): void {
  const length = der[at + 1] as number;
  const octets = Math.min(length, to.length >> 1);
  const last = at + 1 + length;
  for (let back = 0; back < octets; back++) to[end - 1 - back] = der[last - back] as number;
}
