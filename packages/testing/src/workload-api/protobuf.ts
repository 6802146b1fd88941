/**
 * The part of Protocol Buffers that the Workload API needs: each of its fields is length-delimited,
 * that is text, bytes or another message.
 */

const lengthDelimited = 2;

/** Fields that were written, to be joined to a message. */
export type Fields = readonly Uint8Array[];

/** A singular field; nothing when it is empty, as proto3 writes its default. */
export function field(number: number, value: string | Uint8Array): Fields {
  return value.length === 0 ? [] : element(number, value);
}

/** A repeated field of values that are written, empty or not. */
export function repeated(number: number, values: readonly Uint8Array[]): Fields {
  return values.flatMap((value) => element(number, value));
}

/** A map: one message for each entry, its key in field 1 and its value in field 2. */
export function map(number: number, entries: ReadonlyMap<string, string | Uint8Array>): Fields {
  return repeated(
    number,
    [...entries].map(([key, value]) => message(field(1, key), field(2, value))),
  );
}

/** A message of these fields, in their order. */
export function message(...fields: readonly Fields[]): Uint8Array {
  return Buffer.concat(fields.flat());
}

function element(number: number, value: string | Uint8Array): Fields {
  const bytes = Buffer.from(value);
  return [varint((number << 3) | lengthDelimited), varint(bytes.length), bytes];
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Uint8Array.of(...bytes, rest);
}

/**
 * Reads the texts of a message, by the number of their field and in their order.
 *
 * @throws {RangeError | TypeError} when it is not a message of texts
 */
export function readTexts(bytes: Uint8Array): ReadonlyMap<number, readonly string[]> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const texts = new Map<number, readonly string[]>();
  for (let at = 0; at < bytes.length; ) {
    const tag = readVarint(bytes, at);
    const length = readVarint(bytes, tag.end);
    const end = length.end + length.value;
    if ((tag.value & 7) !== lengthDelimited || end > bytes.length) {
      throw new RangeError("not a message of texts");
    }
    const number = tag.value >>> 3;
    const text = decoder.decode(bytes.subarray(length.end, end));
    texts.set(number, [...(texts.get(number) ?? []), text]);
    at = end;
  }
  return texts;
}

function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start; at < bytes.length && at < start + 4; at += 1) {
    const byte = bytes[at] ?? 0;
    value |= (byte & 0x7f) << (7 * (at - start));
    if (byte < 0x80) return { value, end: at + 1 };
  }
  throw new RangeError("not a number of up to four bytes");
}
