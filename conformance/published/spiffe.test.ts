import { parseTrustBundle } from "@firsthand/core";
import { createTrustDomain } from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { hashText } from "../../packages/core/src/hash.js";
import { readWitSvid } from "../../packages/core/src/svid/wit-svid.js";
import { describeShared } from "../support/describe-shared.js";

interface PublishedWit {
  readonly token: string;
  readonly decoded: { readonly claims: { readonly sub: string; readonly exp: number } };
  readonly wth: string;
}

describeShared<{ cases: readonly PublishedWit[] }>(
  "the published WIT-SVID",
  "spiffe-wit-svid.json",
  ({ cases }) => {
    it("is one", () => expect(cases).toHaveLength(1));

    it.each(cases)("decodes by the SPIFFE profile", async ({ token, decoded, wth }) => {
      const svid = await readWitSvid(token, "spiffe");
      expect(String(svid.id)).toBe(decoded.claims.sub);
      expect(svid).toMatchObject({ algorithm: "ES256", expiresAt: decoded.claims.exp });
      expect(await hashText(token)).toBe(wth);
    });
  },
);

interface PublishedBundle {
  readonly kind: string;
  readonly text: string;
}

describeShared<{ bundles: readonly PublishedBundle[] }>(
  "the published bundle documents",
  "spiffe-bundle-documents.json",
  ({ bundles }) => {
    const documents = bundles
      .filter(({ kind }) => kind !== "certificate text")
      .map(({ kind, text }): [string, string] => [kind, text.slice(text.indexOf("{"))]);
    let authority: { readonly n: string; readonly certificate: string };

    beforeAll(async () => {
      const domain = await createTrustDomain("example.com", { keyType: "RSA-2048" });
      const { key, certificate } = domain.authorities.x509.root;
      const { n = "" } = key.export({ format: "jwk" });
      authority = { n, certificate: Buffer.from(certificate).toString("base64") };
    });

    /** With key material instead of placeholders, and with the quotes that JSON has. */
    const repaired = (text: string) =>
      text
        .replaceAll(/[“”]/g, '"')
        .replaceAll(/<base64 DER encoding of Certificate #\d>/g, authority.certificate)
        .replaceAll("<base64url-encoded value>", authority.n)
        .replaceAll("<base64urlUint-encoded value>", authority.n);

    it("are two bundles and a map", () => {
      expect(documents.map(([kind]) => kind)).toEqual([
        "bundle (revision 1)",
        "bundle (revision 2)",
        "bundle map",
      ]);
    });

    it.each(documents)("%s as printed is no bundle", async (_, text) => {
      await expect(parseTrustBundle("example.com", text)).rejects.toMatchObject({
        code: "bundle_invalid",
      });
    });

    describe("with key material", () => {
      it.each([
        [0, 1],
        [1, 2],
      ])("revision of index %i has its authorities", async (index, authorities) => {
        const [, text = ""] = documents[index] ?? [];
        const bundle = await parseTrustBundle("example.com", repaired(text));
        expect(bundle).toMatchObject({ sequence: index + 1, refreshHintSeconds: 2_419_200 });
        expect(bundle.x509Authorities).toHaveLength(authorities);
      });

      it("a map of bundles is no bundle", async () => {
        const [, text = ""] = documents[2] ?? [];
        await expect(parseTrustBundle("example.com", repaired(text))).rejects.toMatchObject({
          code: "bundle_invalid",
        });
      });
    });
  },
);
