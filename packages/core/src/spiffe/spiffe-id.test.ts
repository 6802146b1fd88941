import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectIdError, unlessThrown } from "../expect-error.test-support.js";
import { describeWithVectors } from "../shared-vectors.test-support.js";
import {
  type IdScheme,
  isPathByte,
  parseTrustDomain,
  parseWorkloadId,
  SpiffeId,
  SpiffeIdError,
  type SpiffeIdErrorCode,
} from "./spiffe-id.js";

const lower = "abcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";
const trustDomainAlphabet = `${lower}${digits}.-_`;
const pathAlphabet = `${trustDomainAlphabet}${lower.toUpperCase()}`;
const everyByte = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));

const text = (alphabet: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength });
const pathSegment = text(pathAlphabet, 20).filter((segment) => !/^\.\.?$/.test(segment));

describe("SpiffeId.parse", () => {
  it.each<[title: string, text: string]>([
    ["ID-002 accepts the ID of a trust domain", "spiffe://td.example"],
    [
      "ID-005 accepts the whole alphabet of paths",
      "spiffe://td.example/A.b-c_D/9eebccd2-12bf-40a6-b262-65fe0487d453",
    ],
    ["ID-006 accepts a dot inside a segment", "spiffe://td.example/.path"],
    ["ID-008 accepts three dots as a segment", "spiffe://td.example/..."],
    ["ID-009 accepts a trust domain that is no DNS name", "spiffe://example..org/service"],
    ["ID-010 accepts 2048 bytes", `spiffe://td.example/${"a".repeat(2048 - 20)}`],
    ["ID-011 accepts a trust domain of 255 bytes", `spiffe://${"a".repeat(255)}/x`],
    ["accepts an address as trust domain", "spiffe://127.0.0.1/a"],
  ])("%s", (_, id) => {
    expect(SpiffeId.parse(id).toString()).toBe(id);
  });

  it.each<[title: string, text: unknown, code: SpiffeIdErrorCode]>([
    ["refuses undefined", undefined, "not_string"],
    ["refuses a URL object", new URL("spiffe://td.example/a"), "not_string"],
    ["refuses a list of one", ["spiffe://td.example/a"], "not_string"],
    ["refuses nothing", "", "empty"],
    ["ID-015 refuses one letter", "s", "scheme_invalid"],
    ["ID-017 refuses an opaque URI", "spiffe:td.example/a", "scheme_invalid"],
    ["ID-019 refuses another scheme", "https://td.example/a", "scheme_invalid"],
    ["refuses the scheme in capitals", "SPIFFE://td.example/a", "scheme_invalid"],
    ["refuses a space before it", " spiffe://td.example/a", "scheme_invalid"],
    ["refuses the neutral scheme by default", "wimse://td.example/a", "scheme_invalid"],
    ["refuses 2049 bytes", `spiffe://td.example/${"a".repeat(2049 - 20)}`, "too_long"],
    ["refuses a missing trust domain", "spiffe:///a", "trust_domain_missing"],
    ["refuses a scheme alone", "spiffe://", "trust_domain_missing"],
    [
      "ID-021 refuses capitals in the trust domain",
      "spiffe://TD.example/a",
      "trust_domain_invalid",
    ],
    ["ID-024 refuses a port", "spiffe://td.example:8443/a", "trust_domain_invalid"],
    ["refuses an empty port", "spiffe://td.example:/a", "trust_domain_invalid"],
    ["refuses user information", "spiffe://user@td.example/a", "trust_domain_invalid"],
    [
      "ID-030 refuses percent-encoding in the trust domain",
      "spiffe://t%64.example/a",
      "trust_domain_invalid",
    ],
    [
      "ID-031 refuses a trust domain that is not ASCII",
      "spiffe://t\u0111.example/a",
      "trust_domain_invalid",
    ],
    ["refuses a query after the trust domain", "spiffe://td.example?x=1", "trust_domain_invalid"],
    [
      "ID-034 refuses a trust domain of 256 bytes",
      `spiffe://${"a".repeat(256)}/x`,
      "trust_domain_too_long",
    ],
    ["ID-035 refuses a query", "spiffe://td.example/a?x=1", "path_invalid"],
    ["refuses an empty query", "spiffe://td.example/a?", "path_invalid"],
    ["ID-037 refuses a fragment", "spiffe://td.example/a#f", "path_invalid"],
    ["ID-038 refuses an empty fragment", "spiffe://td.example/a#", "path_invalid"],
    ["ID-039 refuses a root slash", "spiffe://td.example/", "path_trailing_slash"],
    ["refuses a slash at the end", "spiffe://td.example/a/", "path_trailing_slash"],
    ["ID-042 refuses an empty segment", "spiffe://td.example/a//b", "path_empty_segment"],
    ["refuses an empty first segment", "spiffe://td.example//a", "path_empty_segment"],
    ["ID-043 refuses a dot segment", "spiffe://td.example/./a", "path_dot_segment"],
    ["refuses a double dot segment", "spiffe://td.example/a/..", "path_dot_segment"],
    [
      "ID-046 refuses an encoded dot segment",
      "spiffe://td.example/pay/%2e%2e/admin",
      "path_invalid",
    ],
    ["ID-048 refuses an encoded slash", "spiffe://td.example/a%2Fb", "path_invalid"],
    ["ID-049 refuses a space", "spiffe://td.example/a b", "path_invalid"],
    ["refuses a tab, which URL would drop", "spiffe://td.example/a\tb", "path_invalid"],
    ["refuses NUL", "spiffe://td.example/a\0", "path_invalid"],
    ["refuses a line feed at the end", "spiffe://td.example/a\n", "path_invalid"],
  ])("%s", async (_, id, code) => {
    await expectIdError(() => SpiffeId.parse(id), code);
  });

  it("knows each of 256 byte values in a trust domain", () => {
    const accepted = everyByte.filter((char) =>
      unlessThrown(SpiffeIdError, () => SpiffeId.parse(`spiffe://t${char}d/a`)),
    );
    // A slash ends the trust domain and begins a path.
    expect(accepted.join("")).toBe([...trustDomainAlphabet, "/"].sort().join(""));
  });

  it("knows each of 256 byte values in a path", () => {
    const accepted = everyByte.filter((char) =>
      unlessThrown(SpiffeIdError, () => SpiffeId.parse(`spiffe://td/p${char}q`)),
    );
    expect(accepted.join("")).toBe([...pathAlphabet, "/"].sort().join(""));
    expect(everyByte.filter((char) => isPathByte(char.charCodeAt(0)))).toEqual(
      [...pathAlphabet].sort(),
    );
  });

  it("reads back what it wrote", () => {
    const parts = fc.record({
      trustDomain: text(trustDomainAlphabet, 60),
      segments: fc.array(pathSegment, { maxLength: 8 }),
    });
    fc.assert(
      fc.property(parts, ({ trustDomain, segments }) => {
        const path = segments.map((segment) => `/${segment}`).join("");
        const id = SpiffeId.parse(`spiffe://${trustDomain}${path}`);
        expect(id).toMatchObject({ scheme: "spiffe", trustDomain, path });
        expect(SpiffeId.parse(id.toString()).equals(id)).toBe(true);
      }),
    );
  });

  it("answers anything else with its own error, and never changes a text", () => {
    const nearMiss = fc
      .array(fc.oneof(fc.string({ unit: "binary", maxLength: 3 }), fc.constantFrom("/", "..", "a")))
      .map((parts) => `spiffe://td${parts.join("")}`);
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string({ unit: "binary" }), nearMiss), (input) => {
        const id = unlessThrown(SpiffeIdError, () => SpiffeId.parse(input));
        if (id !== undefined) expect(id.toString()).toBe(input);
      }),
    );
  });

  it("takes the schemes it is told", async () => {
    const schemes: readonly IdScheme[] = ["spiffe", "wimse"];
    expect(SpiffeId.parse("wimse://td.example/a", schemes).scheme).toBe("wimse");
    expect(SpiffeId.parse("spiffe://td.example/a", schemes).scheme).toBe("spiffe");
    await expectIdError(() => SpiffeId.parse("https://td.example/a", schemes), "scheme_invalid");
  });
});

describe("SpiffeId", () => {
  const id = SpiffeId.parse("spiffe://td.example/ns/pay");

  it("is equal to the same text only", () => {
    expect(id.equals(SpiffeId.parse("spiffe://td.example/ns/pay"))).toBe(true);
    expect(id.equals(SpiffeId.parse("spiffe://td.example/ns/Pay"))).toBe(false);
    expect(id.equals(SpiffeId.parse("wimse://td.example/ns/pay", ["wimse"]))).toBe(false);
  });

  it("is written as its text", () => {
    expect(`${id}`).toBe("spiffe://td.example/ns/pay");
    expect(JSON.stringify({ id })).toBe('{"id":"spiffe://td.example/ns/pay"}');
  });

  it("cannot be changed", () => {
    expect(Object.isFrozen(id)).toBe(true);
  });
});

describe("parseWorkloadId", () => {
  it("accepts an ID with a path", () => {
    expect(parseWorkloadId("spiffe://td.example/a").path).toBe("/a");
    expect(parseWorkloadId("wimse://td.example/a", ["wimse"]).scheme).toBe("wimse");
  });

  it("ID-061 refuses the ID of a trust domain as the identity of a caller", async () => {
    await expectIdError(() => parseWorkloadId("spiffe://td.example"), "path_missing");
  });
});

describe("parseTrustDomain", () => {
  it("accepts a name", () => {
    expect(parseTrustDomain("td.example")).toBe("td.example");
  });

  it.each<[title: string, name: unknown, code: SpiffeIdErrorCode]>([
    ["ID-060 refuses a path behind the name", "td.example/a", "trust_domain_invalid"],
    ["refuses a SPIFFE ID", "spiffe://td.example", "trust_domain_invalid"],
    ["refuses null", null, "not_string"],
    ["refuses nothing", "", "trust_domain_missing"],
    ["refuses 256 bytes", "a".repeat(256), "trust_domain_too_long"],
  ])("%s", async (_, name, code) => {
    await expectIdError(() => parseTrustDomain(name), code);
  });
});

interface IdCase {
  readonly uri: string;
  /** Null where the text leaves it open: we refuse. */
  readonly valid: boolean | null;
  readonly trustDomain?: string;
  readonly path?: string;
  /** Where the text allows what strict readers refuse; so do we. */
  readonly strictImplementationsReject?: boolean;
}

describeWithVectors<{ cases: IdCase[] }>("SPIFFE ID vectors", "spiffe-id.json", ({ cases }) => {
  it.each(cases)("reads $uri as it should", ({ uri, valid, ...expected }) => {
    const id = unlessThrown(SpiffeIdError, () => SpiffeId.parse(uri));
    const isAccepted = valid === true && expected.strictImplementationsReject !== true;
    expect(id !== undefined).toBe(isAccepted);
    if (expected.trustDomain !== undefined) {
      expect(id).toMatchObject({ trustDomain: expected.trustDomain, path: expected.path });
    }
  });
});
