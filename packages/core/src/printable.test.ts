import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printable } from "./printable.js";

describe("printable", () => {
  it.each([
    ["/orders/%41?x", "/orders/%41?x"],
    ["a\r\nINFO admin ok", "a\\u000d\\u000aINFO admin ok"],
    ["\u001b[31mred", "\\u001b[31mred"],
    ["\u202egnp", "\\u202egnp"],
    ["\u007f\u0000", "\\u007f\\u0000"],
    ["é😀", "\\u00e9\\ud83d\\ude00"],
    ["", ""],
  ])("writes %j as %s", (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it("cuts after 256 characters", () => {
    expect(printable("a".repeat(256))).toBe("a".repeat(256));
    expect(printable("a".repeat(257))).toBe(`${"a".repeat(256)}…`);
  });

  it("leaves one short line, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 600 }), (text) => {
        expect(printable(text)).toMatch(/^[\x20-\x7e]{0,1536}…?$/);
      }),
    );
  });
});
