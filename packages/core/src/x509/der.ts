import { VerificationError } from "../errors.js";

/** Certificates nest at most seven deep. */
const maxDepth = 16;

/** Identifier octets (X.690 §8.1.2) of what certificates are made of. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Where an element lies in its bytes. */
export interface DerHeader {
  /** The identifier octet; of a high tag number the first one. */
  readonly tag: number;
  readonly contentStart: number;
  readonly end: number;
}

/**
 * The length of the first element, which is DER to its depths (X.690 §10, §11): one encoding per
 * value, so that no two readers see different things in the same bytes. Linear in the length.
 *
 * @throws {VerificationError} `certificate_malformed`
 */
export function derLength(bytes: Uint8Array): number {
  return checkElement(bytes, 0, bytes.length, 0);
}

/**
 * Takes concatenated DER apart, as the Workload API delivers chains and bundles (X509-SVID profile
 * of the Workload API, §5.2). The parts share memory with `bytes`.
 *
 * @throws {VerificationError} `certificate_malformed`
 */
export function splitDer(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = checkElement(bytes, at, bytes.length, 0);
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}

/** Reads identifier and length, in their one shortest form, of the element at `at`. */
export function readHeader(bytes: Uint8Array, at: number, limit: number): DerHeader {
  const tag = octet(bytes, at, limit);
  const lengthAt = (tag & 0x1f) === 0x1f ? endOfHighTag(bytes, at + 1, limit) : at + 1;
  const first = octet(bytes, lengthAt, limit);
  const contentStart = lengthAt + 1 + (first < 0x80 ? 0 : first & 0x7f);
  const length = first < 0x80 ? first : longLength(bytes, lengthAt + 1, contentStart, limit);
  if (length > limit - contentStart) throw malformed();
  return { tag, contentStart, end: contentStart + length };
}

function endOfHighTag(bytes: Uint8Array, start: number, limit: number): number {
  const first = octet(bytes, start, limit);
  if (first < 0x1f || first === 0x80) throw malformed();
  let at = start;
  while (octet(bytes, at, limit) >= 0x80) at++;
  return at + 1;
}

function longLength(bytes: Uint8Array, start: number, end: number, limit: number): number {
  if (end === start) throw malformed(); // indefinite
  let length = 0;
  for (let at = start; at < end; at++) length = length * 256 + octet(bytes, at, limit);
  if (length < 0x80 || octet(bytes, start, limit) === 0) throw malformed();
  return length;
}

function checkElement(bytes: Uint8Array, at: number, limit: number, depth: number): number {
  const { tag, contentStart, end } = readHeader(bytes, at, limit);
  const constructed = (tag & 0x20) !== 0;
  if (tag < 0x40 && constructed !== mustBeConstructed(tag)) throw malformed();
  if (!constructed) {
    checkPrimitive(tag, bytes.subarray(contentStart, end));
    return end;
  }
  if (depth === maxDepth) throw malformed();
  for (let child = contentStart; child < end; ) child = checkElement(bytes, child, end, depth + 1);
  return end;
}

function mustBeConstructed(tag: number): boolean {
  return (tag | 0x20) === tags.sequence || (tag | 0x20) === tags.set;
}

function checkPrimitive(tag: number, content: Uint8Array): void {
  if (!isPrimitiveValid(tag, content)) throw malformed();
}

function isPrimitiveValid(tag: number, content: Uint8Array): boolean {
  const [first = -1, second = -1] = content;
  const last = content.at(-1) ?? 0;
  switch (tag) {
    case 0x00: // end of contents, which only indefinite lengths have
      return false;
    case tags.boolean:
      return content.length === 1 && (first === 0 || first === 0xff);
    case tags.integer:
      return (
        first >= 0 &&
        !(first === 0 && second >= 0 && second < 0x80) &&
        !(first === 0xff && second >= 0x80)
      );
    case tags.bitString:
      return (
        first >= 0 && first < (content.length > 1 ? 8 : 1) && (last & ((1 << first) - 1)) === 0
      );
    case tags.null:
      return content.length === 0;
    case tags.oid:
      return first >= 0 && last < 0x80 && !startsArcWithZero(content);
    default:
      return true;
  }
}

function startsArcWithZero(content: Uint8Array): boolean {
  return content.some(
    (octet, at) => octet === 0x80 && (at === 0 || (content[at - 1] as number) < 0x80),
  );
}

function octet(bytes: Uint8Array, at: number, limit: number): number {
  if (at >= limit) throw malformed();
  return bytes[at] as number;
}

function malformed(): VerificationError {
  return new VerificationError("certificate_malformed");
}
