import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isUnambiguousPath, lenientPatternsOf, lenientSegmentsOf } from "./request-path.js";

describe("isUnambiguousPath", () => {
  it.each([
    "/",
    "/orders",
    "/orders/",
    "/orders/7",
    "/a.b/~c/...",
    "/a:b@c!$&'()*+,=",
    "/J%C3%BCrgen",
    "/a%20b",
    "/a%25b",
    "/100%25",
    "/%22quoted%22",
  ])("has one reading of %s", (path) => {
    expect(isUnambiguousPath(path)).toBe(true);
  });

  it.each([
    ["an empty segment", "//admin"],
    ["an empty segment inside", "/a//b"],
    ["two slashes at the end", "/a//"],
    ["a dot segment", "/a/./b"],
    ["a segment of two dots", "/a/../admin"],
    ["a dot segment at the end", "/a/.."],
    ["an encoded dot segment", "/a/%2e%2e/admin"],
    ["an encoded letter", "/%61dmin"],
    ["an encoded digit", "/%31"],
    ["an encoded sub-delimiter", "/a%28b%29"],
    ["an encoded comma", "/a%2Cb"],
    ["an encoded slash", "/a%2Fadmin"],
    ["an encoded slash in lower case", "/a%2fadmin"],
    ["an encoded backslash", "/a%5Cadmin"],
    ["a backslash", "/a\\admin"],
    ["a semicolon", "/admin;x=1"],
    ["an encoded semicolon", "/admin%3Bx"],
    ["lower-case hexadecimal", "/J%c3%bcrgen"],
    ["half an escape", "/a%4"],
    ["a bare percent sign", "/a%"],
    ["an escape of no hexadecimal", "/a%GG"],
    ["no UTF-8", "/a%FF"],
    ["overlong UTF-8", "/a%C0%AFb"],
    ["an encoded null", "/a%00"],
    ["an encoded line end", "/a%0D%0A"],
    ["a quote that should be encoded", '/a"b'],
    ["a bracket that should be encoded", "/a[b]"],
    ["a pipe that should be encoded", "/a|b"],
    ["a double encoding of a letter's escape", "/%2561dmin%"],
  ])("has more than one for %s: %s", (_, path) => {
    expect(isUnambiguousPath(path)).toBe(false);
  });

  it("accepts at most one of the ways to write what a server decodes alike", () => {
    const spellings = [
      ["a", "%61"],
      ["(", "%28"],
      ["%C3%BC", "%c3%bc", "%C3%bc"],
      ["%20", "%20"],
      ["%25", "%25"],
      ["61", "6%31"],
    ] as const;
    const written = fc.constantFrom(...spellings).chain((ways) => {
      const way = fc.constantFrom<string>(...ways);
      return fc.tuple(way, way);
    });
    fc.assert(
      fc.property(fc.array(written, { minLength: 1, maxLength: 3 }), (parts) => {
        const [one, other] = [0, 1].map((side) => `/${parts.map((part) => part[side]).join("")}`);
        fc.pre(one !== other);
        expect(decodeURIComponent(`${one}`)).toBe(decodeURIComponent(`${other}`));
        expect(isUnambiguousPath(`${one}`) && isUnambiguousPath(`${other}`)).toBe(false);
      }),
    );
  });
});

describe("lenient reading", () => {
  it.each([
    ["/", []],
    ["/Orders/", ["orders"]],
    ["/orders/7", ["orders", "7"]],
  ])("of %s", (path, segments) => {
    expect(lenientSegmentsOf(path)).toEqual(segments);
  });

  it.each([
    ["/Admin", [["admin"]]],
    ["/admin/**", [["admin", "**"], ["admin"]]],
    ["/**", [["**"], []]],
  ])("of the pattern %s", (pattern, patterns) => {
    expect(lenientPatternsOf(pattern)).toEqual(patterns);
  });
});
