import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { CredentialError } from "@firsthand/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMessage } from "./protobuf-reader.js";

const bytes = (...values: readonly number[]) => Uint8Array.from(values);
const nine = Array<number>(9).fill(0xff);

function malformed(detail: string) {
  const message = `the Workload API does not speak its protocol: ${detail}`;
  return expect.objectContaining({ name: "CredentialError", code: "response_malformed", message });
}

describe("readMessage", () => {
  it("has defaults for what is absent", () => {
    const fields = readMessage(bytes());
    expect(fields.all(1)).toEqual([]);
    expect(fields.bytes(1)).toEqual(bytes());
    expect(fields.text(1)).toBe("");
  });

  it("takes the last occurrence of a singular field", () => {
    const fields = readMessage(bytes(0x0a, 1, 0x61, 0x0a, 2, 0x62, 0x63));
    expect(fields.text(1)).toBe("bc");
    expect(fields.all(1)).toEqual([bytes(0x61), bytes(0x62, 0x63)]);
  });

  it("keeps a byte order mark in a text", () => {
    expect(readMessage(bytes(0x0a, 3, 0xef, 0xbb, 0xbf)).text(1)).toBe("\ufeff");
  });

  it("returns views, so that a key can be erased where it lies", () => {
    const message = bytes(0x0a, 2, 7, 7);
    readMessage(message).bytes(1).fill(0);
    expect(message).toEqual(bytes(0x0a, 2, 0, 0));
  });

  it.each<[title: string, skipped: Uint8Array]>([
    ["a number", bytes(0x10, 0x01)],
    ["a number of ten bytes", bytes(0x10, ...nine, 0x01)],
    ["a number with leading zeros", bytes(0x10, 0x80, 0x00)],
    ["64 bits", bytes(0x11, 1, 2, 3, 4, 5, 6, 7, 8)],
    ["32 bits", bytes(0x15, 1, 2, 3, 4)],
    ["bytes", bytes(0x12, 2, 0xff, 0xff)],
    ["nothing", bytes(0x12, 0)],
    ["the highest field number", bytes(0xf8, 0xff, 0xff, 0xff, 0x0f, 0)],
  ])("skips an unknown field of %s", (_, skipped) => {
    const fields = readMessage(Buffer.concat([skipped, bytes(0x0a, 1, 0x61), skipped]));
    expect(fields.text(1)).toBe("a");
  });

  it.each<[title: string, message: Uint8Array, detail: string]>([
    ["a tag that does not end", bytes(0x80), "a number ends too early"],
    ["a tag alone", bytes(0x0a), "a number ends too early"],
    ["a length that does not end", bytes(0x0a, 0xff), "a number ends too early"],
    ["a number that does not end", bytes(0x08, 0x80), "a number ends too early"],
    ["content that is too short", bytes(0x0a, 2, 0x61), "a field is longer than its message"],
    [
      "a length of 4 GiB",
      bytes(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f),
      "a field is longer than its message",
    ],
    ["a length of 2^64 - 1", bytes(0x0a, ...nine, 1), "a field is longer than its message"],
    [
      "64 bits that are too short",
      bytes(0x09, 1, 2, 3, 4, 5, 6, 7),
      "a field is longer than its message",
    ],
    ["32 bits that are too short", bytes(0x0d, 1, 2, 3), "a field is longer than its message"],
    ["a number of 65 bits", bytes(0x08, ...nine, 2), "a number has more than 64 bits"],
    ["a number of eleven bytes", bytes(0x08, ...nine, 0x80, 0), "a number has more than 64 bits"],
    ["field number 0", bytes(0x02, 0), "a field number is out of range"],
    ["field number 2^29", bytes(0x80, 0x80, 0x80, 0x80, 0x10, 0), "a field number is out of range"],
    ["a tag of 64 bits", bytes(...nine, 1, 0), "a field number is out of range"],
    ["the start of a group", bytes(0x0b, 0x0c), "a field has an unknown wire type"],
    ["the end of a group", bytes(0x0c), "a field has an unknown wire type"],
    ["wire type 6", bytes(0x0e, 0), "a field has an unknown wire type"],
    ["wire type 7", bytes(0x0f, 0), "a field has an unknown wire type"],
  ])("refuses %s", (_, message, detail) => {
    expect(() => readMessage(message)).toThrow(malformed(detail));
  });

  it.each<[title: string, message: Uint8Array]>([
    ["a number", bytes(0x08, 1)],
    ["64 bits", bytes(0x09, 1, 2, 3, 4, 5, 6, 7, 8)],
    ["32 bits", bytes(0x0d, 1, 2, 3, 4)],
    ["a number after text", bytes(0x0a, 1, 0x61, 0x08, 1)],
  ])("refuses %s where text is asked for", (_, message) => {
    expect(() => readMessage(message).text(1)).toThrow(
      malformed("a field has the wrong wire type"),
    );
  });

  it.each<[title: string, text: readonly number[]]>([
    ["a lone continuation byte", [0x80]],
    ["an overlong encoding", [0xc0, 0x80]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a sequence that is cut off", [0xe2, 0x82]],
  ])("refuses %s in a text", (_, text) => {
    const fields = readMessage(bytes(0x0a, text.length, ...text));
    expect(() => fields.text(1)).toThrow(malformed("a string is not UTF-8"));
    expect(fields.bytes(1)).toEqual(bytes(...text));
  });

  it("reads 10,000 fields and refuses more", () => {
    const message = new Uint8Array(20_002).fill(0x0a).map((byte, index) => (index % 2 ? 0 : byte));
    expect(readMessage(message.subarray(0, 20_000)).all(1)).toHaveLength(10_000);
    expect(() => readMessage(message)).toThrow(
      expect.objectContaining({ code: "response_too_large" }),
    );
  });

  it("reads what an independent writer wrote", () => {
    const texts = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.string({ unit: "grapheme" }));
    const numbers = fc.tuple(fc.integer({ min: 4, max: 0x1fff_ffff }), fc.nat(0xffff_ffff));
    const field = fc.oneof(
      texts.map(([at, value]) => ({
        at,
        value,
        write: (writer: BinaryWriter) => writer.tag(at, WireType.LengthDelimited).string(value),
      })),
      numbers.map(([at, value]) => ({
        at,
        value,
        write: (writer: BinaryWriter) =>
          writer
            .tag(at, WireType.Varint)
            .int64(-value)
            .tag(at, WireType.Bit64)
            .fixed64(value)
            .tag(at, WireType.Bit32)
            .fixed32(value),
      })),
    );
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        const writer = new BinaryWriter();
        for (const { write } of fields) write(writer);
        const read = readMessage(writer.finish());
        for (const number of [1, 2, 3]) {
          const values = fields.filter(({ at }) => at === number).map(({ value }) => value);
          expect(read.all(number).map((value) => Buffer.from(value).toString())).toEqual(values);
          expect(read.text(number)).toBe(values.at(-1) ?? "");
        }
      }),
    );
  });

  it("answers hostile bytes with nothing but its own errors", () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.array(fc.constantFrom(0, 1, 2, 8, 0x0a, 0x12, 0x7f, 0x80, 0xff), { maxLength: 40 }),
    );
    fc.assert(
      fc.property(hostile, (values) => {
        try {
          const fields = readMessage(Uint8Array.from(values));
          for (const number of [1, 2, 3]) fields.text(number);
        } catch (error) {
          expect(error).toBeInstanceOf(CredentialError);
          expect(error).toMatchObject({ code: "response_malformed" });
        }
      }),
      { numRuns: 5000 },
    );
  });
});
