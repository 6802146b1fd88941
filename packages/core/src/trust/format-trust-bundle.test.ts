import { createTestClock, createTrustDomain, type TrustDomainOptions } from "@firsthand/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newKeyPair } from "../key-pair.test-support.js";
import { formatTrustBundle } from "./format-trust-bundle.js";
import { parseTrustBundle } from "./parse-trust-bundle.js";

type Jwk = Readonly<Record<string, unknown>>;

const name = "td.example";
const clock = createTestClock();

async function documentOf(options: TrustDomainOptions): Promise<{ keys: readonly Jwk[] } & Jwk> {
  const domain = await createTrustDomain(name, { clock, ...options });
  await domain.rotateAuthorities();
  return JSON.parse(domain.bundleDocument());
}

const format = async (document: unknown) =>
  formatTrustBundle(await parseTrustBundle(name, JSON.stringify(document)));

/** Keys by what they are for, so that their order says nothing. */
const sorted = (keys: readonly Jwk[]) =>
  [...keys].sort((a, b) => ((a["x"] ?? a["n"] ?? "") < (b["x"] ?? b["n"] ?? "") ? -1 : 1));

describe("formatTrustBundle", () => {
  it.each<[title: string, options: TrustDomainOptions]>([
    ["P-256", {}],
    ["P-384 and P-521", { keyType: "P-384", tokenAlgorithms: ["ES384", "ES512"] }],
    ["RSA", { keyType: "RSA-2048", tokenAlgorithms: ["RS256", "PS512"] }],
  ])("writes what the trust domain published, with keys of %s", async (_, options) => {
    const published = await documentOf(options);
    const written = JSON.parse(await format(published));
    expect({ ...written, keys: sorted(written.keys) }).toEqual({
      ...published,
      keys: sorted(published.keys),
    });
  });

  it("writes a document that reads as the same bundle", async () => {
    const bundle = await parseTrustBundle(name, JSON.stringify(await documentOf({})));
    const text = await formatTrustBundle(bundle);
    const again = await parseTrustBundle(name, text);
    expect(await formatTrustBundle(again)).toBe(text);
    expect(again).toMatchObject({ sequence: bundle.sequence, refreshHintSeconds: 300 });
    expect(new Set(again.jwtAuthorities.keys())).toEqual(new Set(bundle.jwtAuthorities.keys()));
    expect(new Set(again.witAuthorities.keys())).toEqual(new Set(bundle.witAuthorities.keys()));
    const certificates = ({ x509Authorities }: typeof bundle) =>
      new Set(
        x509Authorities.map(({ certificate }) => Buffer.from(certificate.der).toString("hex")),
      );
    expect(certificates(again)).toEqual(certificates(bundle));
  });

  it("gives one text for the same keys in any order, and reads it as the same again", async () => {
    const pool = [...(await documentOf({})).keys, ...(await documentOf({ keyType: "P-384" })).keys];
    const shuffled = fc.shuffledSubarray(pool);
    const property = fc.asyncProperty(shuffled, fc.nat(), async (keys, sequence) => {
      const text = await format({ keys, spiffe_sequence: sequence });
      expect(await format({ keys: keys.toReversed(), spiffe_sequence: sequence })).toBe(text);
      expect(await format(JSON.parse(text))).toBe(text);
      expect(JSON.parse(text).keys).toHaveLength(keys.length);
    });
    await fc.assert(property, { numRuns: 50 });
  });

  it("writes Ed25519, and the algorithm that a key is pinned to", async () => {
    const jwk = newKeyPair("ed25519").publicKey.export({ format: "jwk" });
    const key = { use: "wit-svid", kid: "a", alg: "Ed25519", ...jwk };
    expect(JSON.parse(await format({ keys: [key] }))).toEqual({ keys: [key] });
  });

  it("leaves out what was not understood", async () => {
    const { keys } = await documentOf({});
    const unknown = [
      { kty: "AKP", use: "jwt-svid", kid: "a" },
      { kty: "EC", use: "sig" },
    ];
    expect(await format({ keys: [...unknown, ...keys], note: 1 })).toBe(await format({ keys }));
  });

  it("writes a bundle in which everything is revoked", async () => {
    expect(await format({ keys: [] })).toBe('{"keys":[]}');
  });
});
