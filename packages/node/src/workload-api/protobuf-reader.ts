import { CredentialError } from "@firsthand/core";
import { malformed } from "./malformed.js";

/** The fields of one message. Each method throws {@link CredentialError} `response_malformed`. */
export interface MessageFields {
  /** Every occurrence of a length-delimited field, as views into the message. */
  all(number: number): readonly Uint8Array[];
  /** A singular `bytes` field: the last occurrence, or nothing. A view into the message. */
  bytes(number: number): Uint8Array;
  /** A singular `string` field: the last occurrence, or the empty string. */
  text(number: number): string;
}

/** Fields that one message may have; more bundles than that do not fit into a message anyway. */
const maxFields = 10_000;

/**
 * Reads a proto3 message (protobuf encoding guide). Every field of the Workload API is
 * length-delimited: others are skipped when nobody asks for them, and are an error when somebody does.
 * Groups are an error always, and so is text that is not UTF-8.
 *
 * @throws {CredentialError} `response_malformed`, or `response_too_large` for more than 10,000 fields
 */
export function readMessage(message: Uint8Array): MessageFields {
  const occurrences = new Map<number, (Uint8Array | undefined)[]>();
  const cursor: Cursor = { message, at: 0 };
  for (let count = 0; cursor.at < message.length; count++) {
    if (count === maxFields) {
      throw new CredentialError("response_too_large", { detail: "a message has too many fields" });
    }
    const { number, content } = readField(cursor);
    const others = occurrences.get(number);
    if (others === undefined) occurrences.set(number, [content]);
    else others.push(content);
  }

  function all(number: number): readonly Uint8Array[] {
    return (occurrences.get(number) ?? []).map((content) => {
      if (content === undefined) throw malformed("a field has the wrong wire type");
      return content;
    });
  }
  const bytes = (number: number) => all(number).at(-1) ?? new Uint8Array();
  return { all, bytes, text: (number) => readText(bytes(number)) };
}

interface Cursor {
  readonly message: Uint8Array;
  at: number;
}

/** One field; the content is undefined for the wire types that hold numbers. */
function readField(cursor: Cursor): { number: number; content: Uint8Array | undefined } {
  const tag = readVarint(cursor);
  const number = Math.floor(tag / 8);
  if (number < 1 || number > 0x1fff_ffff) throw malformed("a field number is out of range");
  switch (tag % 8) {
    case 0:
      readVarint(cursor);
      return { number, content: undefined };
    case 1:
      take(cursor, 8);
      return { number, content: undefined };
    case 2:
      return { number, content: take(cursor, readVarint(cursor)) };
    case 5:
      take(cursor, 4);
      return { number, content: undefined };
    default:
      throw malformed("a field has an unknown wire type");
  }
}

function take(cursor: Cursor, length: number): Uint8Array {
  const end = cursor.at + length;
  if (end > cursor.message.length) throw malformed("a field is longer than its message");
  const content = cursor.message.subarray(cursor.at, end);
  cursor.at = end;
  return content;
}

/** At most ten bytes and 64 bits. Inexact above 2^53, where every use of a number is out of range. */
function readVarint(cursor: Cursor): number {
  let value = 0;
  for (let index = 0; index < 10; index++) {
    const byte = cursor.message[cursor.at++];
    if (byte === undefined) throw malformed("a number ends too early");
    if (index === 9 && byte > 1) break;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return value;
  }
  throw malformed("a number has more than 64 bits");
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readText(content: Uint8Array): string {
  try {
    return decoder.decode(content);
  } catch (cause) {
    throw malformed("a string is not UTF-8", cause);
  }
}
