import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VerificationError } from "../errors.js";
import { expectRefusal, unlessThrown } from "../expect-error.test-support.js";
import { parseAudience, parseOrigin, parseTarget } from "./target.js";

const visible = Array.from({ length: 94 }, (_, at) => String.fromCharCode(0x21 + at));

describe("parseTarget", () => {
  it.each([
    ["/", "/", undefined],
    ["/a/b", "/a/b", undefined],
    ["/a?", "/a", ""],
    ["/a?b=c", "/a", "b=c"],
    ["/a?b?c", "/a", "b?c"],
    ["/?/", "/", "/"],
    ["//evil.example/a", "//evil.example/a", undefined],
    ["/%2e%2E/a%2fb", "/%2e%2E/a%2fb", undefined],
    ["/a/../b", "/a/../b", undefined],
    ["/a\\b", "/a\\b", undefined],
  ])("splits %s", (target, path, query) => {
    expect(parseTarget(target)).toEqual({ path, query });
  });

  it.each([
    ["nothing", ""],
    ["absolute form", "https://ledger.example/a"],
    ["authority form", "ledger.example:443"],
    ["asterisk form", "*"],
    ["a query alone", "?a"],
    ["a fragment", "/a#b"],
    ["a space", "/a b"],
    ["a line feed at the end", "/a\n"],
    ["NUL", "/\0"],
    ["DEL", "/\x7f"],
    ["a character that is not ASCII", "/é"],
  ])("refuses %s", async (_, target) => {
    await expectRefusal(() => parseTarget(target), "target_invalid");
  });

  it("reads each visible character but the hash sign, and no other", () => {
    const read = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter(
      (char) => unlessThrown(VerificationError, () => parseTarget(`/${char}`)),
    );
    expect(read).toEqual(visible.filter((char) => char !== "#"));
  });

  it("loses nothing of any target, or refuses it", () => {
    const likely = fc.string({ unit: fc.constantFrom("/", "?", "a", "%", ".") });
    const target = fc.oneof(likely, fc.string({ unit: "binary" })).map((text) => `/${text}`);
    fc.assert(
      fc.property(target, (text) => {
        const read = unlessThrown(VerificationError, () => parseTarget(text));
        if (read === undefined) return;
        const { path, query } = read;
        expect(path).not.toContain("?");
        expect(query === undefined ? path : `${path}?${query}`).toBe(text);
      }),
    );
  });
});

describe("parseAudience", () => {
  it.each([
    ["https://a.example/b", "https://a.example", "/b"],
    ["https://a.example", "https://a.example", "/"],
    ["https://a.example/", "https://a.example", "/"],
    ["HTTPS://A.Example:443/B", "https://a.example", "/B"],
    ["http://a.example:80/b", "http://a.example", "/b"],
    ["https://a.example:8443/b", "https://a.example:8443", "/b"],
    ["https://a.example/b?c#d", "https://a.example", "/b"],
    ["https://a.example?c", "https://a.example", "/"],
    ["https://a.example#c", "https://a.example", "/"],
    ["https://a.example//b/../c", "https://a.example", "//b/../c"],
    ["https://a.example/%2e%2e/c", "https://a.example", "/%2e%2e/c"],
    ["https://[::1]/", "https://[::1]", "/"],
  ])("splits %s", (uri, origin, path) => {
    expect(parseAudience(uri)).toEqual({ origin, path });
  });

  it.each([
    [""],
    ["a.example/b"],
    ["//a.example/b"],
    ["https:a.example"],
    ["https:///a.example"],
    ["https://"],
    ["https://user@a.example/"],
    ["https://a.example\\@evil.example/"],
    ["https://a.example:99999/"],
    ["https://a b.example/"],
    ["wss://a.example/"],
    ["urn:a:b"],
    ["spiffe://td.example/a"],
    [" https://a.example/"],
  ])("knows no target in %j", (uri) => {
    expect(parseAudience(uri)).toBeUndefined();
  });

  it("answers any text with an http origin and the path as it is, or with nothing", () => {
    const likely = fc
      .array(fc.constantFrom("https", "http", ":", "/", "//", "a", "@", "?", "#", "[", "%2e", "\\"))
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(likely, fc.webUrl(), fc.string({ unit: "binary" })), (text) => {
        const audience = parseAudience(text);
        if (audience === undefined) return;
        expect(parseOrigin(audience.origin)).toBe(audience.origin);
        expect(audience.path).toMatch(/^\/[^?#]*$/);
        expect(audience.path === "/" || text.includes(audience.path)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe("parseOrigin", () => {
  it.each([
    ["https://a.example", "https://a.example"],
    ["https://a.example/", "https://a.example"],
    ["https://A.example:443", "https://a.example"],
    ["http://localhost:8080", "http://localhost:8080"],
  ])("reads %s", (text, origin) => {
    expect(parseOrigin(text)).toBe(origin);
  });

  it.each([
    [""],
    ["a.example"],
    ["https://a.example/b"],
    ["https://a.example?"],
    ["https://a.example#b"],
    ["https://user@a.example"],
    ["https://:secret@a.example"],
    ["file:///"],
    ["blob:https://a.example"],
    ["ws://a.example"],
  ])("knows no origin in %j", (text) => {
    expect(parseOrigin(text)).toBeUndefined();
  });
});
