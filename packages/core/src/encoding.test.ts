import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  base64,
  base64url,
  bytesEqual,
  fromBase64,
  fromBase64url,
  fromUtf8,
  utf8,
} from "./encoding.js";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

describe("base64url", () => {
  it("writes the examples of RFC 4648 §10 without padding", () => {
    const texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map((text) =>
      base64url(utf8(text)),
    );
    expect(texts).toEqual(["", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"]);
  });

  it("agrees with Node, and reads back what it wrote", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = base64url(bytes);
        expect(text).toBe(Buffer.from(bytes).toString("base64url"));
        expect(Uint8Array.from(fromBase64url(text) ?? [])).toEqual(bytes);
      }),
    );
  });

  it("has one text for each value, whatever the text", () => {
    const nearMiss = fc.string({ unit: fc.constantFrom(...alphabet, "=", "+", "/", "\n", "é") });
    fc.assert(
      fc.property(fc.oneof(nearMiss, fc.string({ unit: "binary" })), (text) => {
        const bytes = fromBase64url(text);
        if (bytes !== undefined) expect(base64url(bytes)).toBe(text);
      }),
    );
  });

  it("reads each of 65536 characters only if it is in the alphabet", () => {
    const read = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code))
      .filter((char) => fromBase64url(`AA${char}A`) !== undefined)
      .join("");
    expect(read).toBe([...alphabet].sort().join(""));
  });

  it("reads exactly one text of two characters for each byte", () => {
    const read = [...alphabet]
      .flatMap((first) => [...alphabet].map((second) => fromBase64url(first + second)))
      .filter((bytes) => bytes !== undefined);
    expect(read).toHaveLength(256);
    expect(new Set(read.map(([byte]) => byte)).size).toBe(256);
  });

  it.each([
    ["padding", "Zg=="],
    ["one padding character", "Zm8="],
    ["a line feed at the end", "Zm9v\n"],
    ["a space at the start", " Zm9v"],
    ["the plus of base64", "Zm+v"],
    ["the slash of base64", "Zm/v"],
    ["bits that two characters do not need", "Zh"],
    ["bits that three characters do not need", "Zm9"],
    ["one character", "Z"],
    ["one character too many", "Zm9vY"],
    ["a letter whose low bits are a good one", "Zm9\u0176"],
    ["NUL", "Zm9\0"],
  ])("refuses %s", (_, text) => {
    expect(fromBase64url(text)).toBeUndefined();
  });
});

describe("base64", () => {
  it("agrees with Node, and reads back what it wrote", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = base64(bytes);
        expect(text).toBe(Buffer.from(bytes).toString("base64"));
        expect(fromBase64(text)).toEqual(bytes);
      }),
    );
  });

  it("has one text for each value, whatever the text", () => {
    const nearMiss = fc.string({ unit: fc.constantFrom("A", "B", "Q", "+", "/", "-", "_", "=") });
    fc.assert(
      fc.property(nearMiss, (text) => {
        const bytes = fromBase64(text);
        if (bytes !== undefined) expect(base64(bytes)).toBe(text);
      }),
    );
  });

  it.each([
    ["missing padding", "Zg"],
    ["half of the padding", "Zg="],
    ["three padding characters", "Z==="],
    ["four padding characters", "===="],
    ["padding after a whole group", "Zm9v===="],
    ["padding inside", "Zg==Zg=="],
    ["the minus of base64url", "Zm-v"],
    ["the underscore of base64url", "Zm_v"],
    ["bits that no encoder sets", "Zh=="],
    ["a line feed", "Zm9v\nZm9"],
  ])("refuses %s", (_, text) => {
    expect(fromBase64(text)).toBeUndefined();
  });
});

describe("UTF-8", () => {
  it("reads back what it wrote", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(fromUtf8(utf8(text))).toBe(text);
      }),
    );
  });

  it("keeps a byte order mark", () => {
    expect(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe("\ufeffa");
  });

  it.each([
    ["a lone continuation", [0x80]],
    ["a sequence cut short", [0xe2, 0x82]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a code point above U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ])("refuses %s", (_, bytes) => {
    expect(() => fromUtf8(Uint8Array.from(bytes))).toThrow(TypeError);
  });
});

describe("bytes", () => {
  it("are equal when length and every byte are", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(bytesEqual(bytes, Uint8Array.of(1, 2, 3))).toBe(true);
    expect(bytesEqual(bytes, Uint8Array.of(1, 2))).toBe(false);
    expect(bytesEqual(bytes, Uint8Array.of(1, 2, 4))).toBe(false);
    expect(bytesEqual(bytes, Uint8Array.of(0, 2, 3))).toBe(false);
    expect(bytesEqual(new Uint8Array(), new Uint8Array())).toBe(true);
  });
});
