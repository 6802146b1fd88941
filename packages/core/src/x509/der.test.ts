import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VerificationError } from "../errors.js";
import { concat } from "../runtime/concat.js";
import { bytes, tlv } from "./certificate-fixtures.test-support.js";
import { derLength, splitDer } from "./der.js";
import { readOne, readSequence } from "./der-reader.js";

const malformed = expect.objectContaining({ code: "certificate_malformed" });

const accepted: Record<string, string> = {
  "an empty SEQUENCE": "3000",
  "a long length of one octet": `048180${"00".repeat(128)}`,
  "a long length of two octets": `04820100${"00".repeat(256)}`,
  "a high tag number": "9f1f00",
  "a high tag number of two octets": "9f810000",
  "BOOLEAN false": "010100",
  "BOOLEAN true": "0101ff",
  "INTEGER 0": "020100",
  "INTEGER 128": "02020080",
  "INTEGER -128": "020180",
  "INTEGER -129": "0202ff7f",
  "an empty BIT STRING": "030100",
  "a BIT STRING with unused bits": "030207 80",
  NULL: "0500",
  "an OID": "0603550411",
  "an OID with a long arc": "06062a864886f70d",
  "an opaque context tag": "8001ff",
  "elements inside a context tag": "a0020500",
};

const refused: Record<string, string> = {
  "no bytes": "",
  "an identifier alone": "30",
  "a length beyond the end": "3001",
  "a long length cut off": "0482 01",
  "an indefinite length": "30800000",
  "the reserved length ff": "30ff",
  "a length of five octets": "30850000000001 00",
  "a long length below 128": "04817f",
  "a long length with a leading zero": `04820080${"00".repeat(128)}`,
  "a high tag number below 31": "9f1e00",
  "a high tag number with a leading zero": "9f801f00",
  "a high tag number cut off": "9f81",
  "a high tag without number": "9f",
  "end of contents": "0000",
  "a primitive SEQUENCE": "1000",
  "a primitive SET": "1100",
  "a constructed OCTET STRING": "24020400",
  "a constructed BIT STRING": "2303030100",
  "a child that ends beyond its parent": "30020401ff",
  "a bad element far inside": "3006a0043002 0501",
  "BOOLEAN 01": "010101",
  "BOOLEAN of two octets": "0102ffff",
  "BOOLEAN without octets": "0100",
  "INTEGER without octets": "0200",
  "INTEGER with a leading zero octet": "0202007f",
  "INTEGER with a leading ff octet": "0202ff80",
  "BIT STRING without octets": "0300",
  "BIT STRING with 8 unused bits": "030208 00",
  "an empty BIT STRING with unused bits": "030101",
  "BIT STRING with a padding bit set": "030201 01",
  "NULL with content": "050100",
  "OID without octets": "0600",
  "OID cut off inside an arc": "06022a80",
  "OID whose first arc has a leading zero": "06028001",
  "OID whose later arc has a leading zero": "06032a8001",
};

describe("derLength", () => {
  it.each(Object.entries(accepted))("accepts %s", (_, hexadecimal) => {
    const element = bytes(hexadecimal);
    expect(derLength(element)).toBe(element.length);
    expect(derLength(concat(element, Uint8Array.of(0, 1, 2)))).toBe(element.length);
  });

  it.each(Object.entries(refused))("refuses %s", (_, hexadecimal) => {
    expect(() => derLength(bytes(hexadecimal))).toThrow(malformed);
  });

  const nested = (depth: number): Uint8Array =>
    depth === 0 ? bytes("0500") : tlv(0x30, nested(depth - 1));

  it("accepts 16 levels and refuses 17, and deeper ones without recursion to their end", () => {
    expect(derLength(nested(16))).toBe(nested(16).length);
    expect(() => derLength(nested(17))).toThrow(malformed);
    expect(() => derLength(nested(5000))).toThrow(malformed);
  });

  it("gives a length or a VerificationError for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (random) => {
        try {
          const length = derLength(random);
          return length > 1 && length <= random.length;
        } catch (error) {
          return error instanceof VerificationError;
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("splitDer", () => {
  const parts = [tlv(0x30, bytes("0500")), bytes("3000"), tlv(0x04, new Uint8Array(300))];

  it("takes elements apart", () => {
    expect(splitDer(concat(...parts))).toEqual(parts);
  });

  it("makes nothing of nothing", () => {
    expect(splitDer(new Uint8Array())).toEqual([]);
  });

  it("refuses bytes that are no element after the last one", () => {
    expect(() => splitDer(concat(...parts, bytes("30")))).toThrow(malformed);
  });
});

describe("DerReader", () => {
  it("refuses bytes after the one element", () => {
    expect(() => readOne(bytes("05000500"), 0x05)).toThrow(malformed);
  });

  it("refuses another tag than the one asked for", () => {
    expect(() => readOne(bytes("0500"), 0x04)).toThrow(malformed);
    expect(() => readSequence(bytes("3100"))).toThrow(malformed);
    expect(() => readSequence(bytes("30020500")).enter()).toThrow(malformed);
  });

  it("refuses what is left over", () => {
    const reader = readSequence(bytes("300405000500"));
    reader.next();
    expect(() => reader.end()).toThrow(malformed);
    reader.next();
    expect(() => reader.end()).not.toThrow();
  });

  it("refuses a list without elements or with one of another tag", () => {
    expect(() => readSequence(bytes("3000")).list()).toThrow(malformed);
    expect(() => readSequence(bytes("30050500 0101ff")).list(0x05)).toThrow(malformed);
    expect(readSequence(bytes("30050500 0101ff")).list()).toHaveLength(2);
  });

  it("passes over an optional element that is not there", () => {
    const reader = readSequence(bytes("30020500"));
    expect(reader.optional(0x01)).toBeUndefined();
    expect(reader.optional(0x05)?.der).toEqual(bytes("0500"));
    expect(reader.optional(0x05)).toBeUndefined();
  });
});
