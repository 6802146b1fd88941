import { describe, expect, it } from "vitest";
import { expectRefusal } from "../../packages/core/src/expect-error.test-support.js";
import {
  parseClaims,
  parseHeader,
  splitJws,
  verifySignature,
} from "../../packages/core/src/jose/compact-jws.js";
import { readPublicJwk } from "../../packages/core/src/jose/public-jwk.js";
import type { JsonObject } from "../../packages/core/src/jose/strict-json.js";
import { bindingNames } from "../../packages/core/src/proof/binding-names.js";
import { checkMethodAndQuery } from "../../packages/core/src/proof/proof-claims.js";
import { readSecurityHeaders } from "../../packages/core/src/proof/security-headers.js";
import { carriedTokens, checkTokenHashes } from "../../packages/core/src/proof/token-hashes.js";
import { runtime } from "../../packages/core/src/runtime/node.js";
import { describeShared } from "../support/describe-shared.js";

interface Published {
  readonly id: string;
  readonly proof: string;
  readonly decoded: { readonly header: { readonly jwk: JsonObject }; readonly claims: JsonObject };
  readonly accessToken?: string;
}

const token = "wpt";
const profile = { token, maxBytes: 8192, types: ["dpop+jwt"], algorithms: ["ES256"] } as const;

describeShared<{ proofs: readonly Published[] }>(
  "published DPoP proofs",
  "rfc9449-dpop.json",
  ({ proofs }) => {
    it("are the three of RFC 9449", () => expect(proofs).toHaveLength(3));

    describe.each(proofs)("$id", ({ proof, decoded }) => {
      const segments = splitJws(proof, profile);
      const claims = parseClaims(segments, profile);
      const method = String(decoded.claims.htm);

      it("decodes, and its signature verifies", async () => {
        const { parameters, algorithm } = parseHeader(segments, profile);
        expect(parameters).toEqual(decoded.header);
        expect(claims).toEqual(decoded.claims);
        const read = readPublicJwk(decoded.header.jwk);
        if (typeof read === "string") throw new Error(read);
        const key = await runtime.importPublicJwk(read.jwk, read.shape);
        await verifySignature(segments, algorithm, key, profile);
      });

      it("binds its method and no other", async () => {
        await checkMethodAndQuery(claims, expectation(method));
        await expectRefusal(
          () => checkMethodAndQuery(claims, expectation("PUT")),
          "proof_method_mismatch",
        );
      });
    });

    const bound = proofs.filter(({ accessToken }) => accessToken !== undefined);
    it("bind an access token once", () => expect(bound).toHaveLength(1));

    it.each(bound)("$id binds its access token and no other", async ({ proof, accessToken }) => {
      const claims = parseClaims(splitJws(proof, profile), profile);
      await checkTokenHashes(claims, tokensWith(`DPoP ${accessToken}`), token);
      await expectRefusal(
        () => checkTokenHashes(claims, tokensWith(`DPoP ${accessToken}0`), token),
        "proof_access_token_mismatch",
      );
    });
  },
);

function expectation(method: string) {
  const target = { path: "/", query: undefined };
  return {
    token,
    names: bindingNames.wpt,
    origins: [],
    method,
    target,
    binding: "target",
  } as const;
}

function tokensWith(authorization: string) {
  const headers = [["Authorization", authorization]] as const;
  return carriedTokens(headers, readSecurityHeaders(headers), []);
}
