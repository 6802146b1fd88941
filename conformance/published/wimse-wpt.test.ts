import {
  createVerifier,
  type JsonWebKey,
  loadWitSvid,
  parseTrustBundle,
  staticSource,
  type VerifierOptions,
} from "@firsthand/core";
import { createTestClock, replaceHeader, toProofRequest } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { describeShared } from "../support/describe-shared.js";
import { parseHttpMessage } from "./http-message.js";

interface Case {
  readonly id: string;
  readonly httpMessage: string;
  readonly wit: string;
  readonly issuerKey: JsonWebKey;
  readonly workloadKey: JsonWebKey;
  readonly otherTokenHeaders?: Readonly<Record<string, string>>;
  readonly wptDecoded: {
    readonly claims: { readonly exp: number; readonly wth: string };
  };
}

describeShared<{ cases: readonly Case[] }>("published WPTs", "wimse-wpt.json", ({ cases }) => {
  it("are the three that exist", () => {
    expect(cases.map(({ id }) => id)).toEqual(["wpt-02", "wpt-01-ath", "wpt-oth-branch"]);
  });

  describe.each(cases)("$id", (published) => {
    const request = parseHttpMessage(published.httpMessage);
    const { exp, wth } = published.wptDecoded.claims;
    const format = published.id === "wpt-02" ? "wpt-02" : "wpt-01";

    it("verifies as the WIMSE profile, bound to its target only", async () => {
      const verifier = await verifierOf(published);
      const caller = await verifier.verify(toProofRequest(request));
      expect(caller).toMatchObject({
        credential: { kind: "wit-svid", thumbprint: wth },
        proof: { format, binding: "target", expiresAt: exp },
      });
      expect(String(caller.id)).toBe("wimse://example.com/specific-workload");
    });

    it("has a WIT and a key that make a credential", async () => {
      const { wit: token, workloadKey: privateKey } = published;
      const credential = await loadWitSvid({ token, privateKey });
      expect(credential).toMatchObject({ algorithm: "EdDSA", thumbprint: wth });
    });

    it.each([
      ["as WIT-SVID of SPIFFE", { witProfile: "spiffe" }, "token_subject_invalid"],
      ["where everything has to be bound", { binding: "full" }, "proof_method_unbound"],
      ["at another service", { origin: "https://other.example" }, "proof_audience_mismatch"],
      ["after it expired", { clock: clockAt(exp + 30) }, "proof_expired"],
    ] as const)("is refused %s", async (_, options, code) => {
      const verifier = await verifierOf(published, options);
      await expect(verifier.verify(toProofRequest(request))).rejects.toMatchObject({ code });
    });
  });

  const otherHeaders = [
    ["authorization", "proof_access_token_mismatch", ["wpt-01-ath", "wpt-oth-branch"]],
    ["x-custom-token", "proof_token_header_mismatch", ["wpt-oth-branch"]],
  ] as const;

  describe.each(otherHeaders)("with another %s", (name, code, ids) => {
    it.each(ids)("%s is refused", async (id) => {
      const published = cases.find((entry) => entry.id === id);
      if (published === undefined) throw new Error(`${id} is missing`);
      const verifier = await verifierOf(published);
      const request = parseHttpMessage(published.httpMessage);
      const changed = replaceHeader(name, (value) => `${value}0`)(request);
      await expect(verifier.verify(toProofRequest(changed))).rejects.toMatchObject({ code });
    });
  });
});

async function verifierOf(published: Case, options: Partial<VerifierOptions> = {}) {
  const { issuerKey, otherTokenHeaders = {}, wptDecoded } = published;
  const { d: _, ...publicKey } = issuerKey;
  const document = JSON.stringify({ keys: [{ ...publicKey, use: "wit-svid" }] });
  return createVerifier({
    identity: staticSource({ bundles: [await parseTrustBundle("example.com", document)] }),
    origin: "https://workload.example.com",
    policy: () => true,
    accept: ["wpt-02", "wpt-01"],
    binding: "target",
    witProfile: "wimse",
    tokenHeaders: Object.keys(otherTokenHeaders),
    clock: clockAt(wptDecoded.claims.exp - 60),
    ...options,
  });
}

function clockAt(seconds: number) {
  return createTestClock(seconds * 1000);
}
