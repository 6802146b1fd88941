import { createHash, createPublicKey, type JsonWebKey, verify } from "node:crypto";
import type { SignatureFormat } from "@firsthand/core";
import { describe, expect, it } from "vitest";
import { checkContent } from "../../packages/core/src/proof/proof-claims.js";
import { valueInRequest, valueInResponse } from "../../packages/core/src/signature/component.js";
import { parseContentDigest } from "../../packages/core/src/signature/content-digest.js";
import {
  checkCoverage,
  componentsOfRequest,
  componentsOfResponse,
  formatOf,
  presentIn,
} from "../../packages/core/src/signature/coverage.js";
import { findSignature } from "../../packages/core/src/signature/message-signature.js";
import { signatureBase } from "../../packages/core/src/signature/signature-base.js";
import { parseSignatureParameters } from "../../packages/core/src/signature/signature-parameters.js";
import { describeShared } from "../support/describe-shared.js";
import { parseHttpMessage } from "./http-message.js";

interface Case {
  readonly id: string;
  readonly message: string;
  readonly bodyExact?: string;
  readonly requestMessage?: string;
  readonly recomputedSignatureBase: string;
  readonly signatureParams: Readonly<Record<string, unknown>>;
  readonly witDecoded: { readonly claims: { readonly cnf: { readonly jwk: JsonWebKey } } };
}

const title = "published WIMSE HTTP signatures";

// Their WITs are signed with keys that nobody printed, so what is behind the WIT is checked step by step.
describeShared<{ cases: readonly Case[] }>(title, "wimse-http-signature.json", ({ cases }) => {
  it("are a request and a response of both forms", () => {
    expect(cases.map(({ id }) => id)).toEqual([
      "http-signature-06-request",
      "http-signature-06-response",
      "http-signature-07pre-request",
      "http-signature-07pre-response",
    ]);
  });

  describe.each(cases)("$id", (published) => {
    const { message, requestMessage } = published;
    const format: SignatureFormat = published.id.includes("-06-")
      ? "http-signature-06"
      : "http-signature-07";
    const request = headOf(requestMessage ?? message);
    const headers = headOf(message).headers;
    const field = (name: string) =>
      headers.find(([other]) => other.toLowerCase() === name)?.[1] ?? "";
    const signature = findSignature(
      { signatureInput: field("signature-input"), signature: field("signature") },
      "wit-svid",
    );
    const isResponse = requestMessage !== undefined;
    const response = { status: Number(message.split(" ")[1]), headers, request };
    const base = signatureBase(
      signature.components,
      (component) =>
        isResponse ? valueInResponse(component, response) : valueInRequest(component, request),
      signature.parametersText,
    );

    it("covers what its profile demands", () => {
      const required = isResponse
        ? componentsOfResponse(format, "wit-svid")
        : componentsOfRequest(format, "wit-svid", []);
      expect(() => checkCoverage(signature.components, presentIn(headers, required))).not.toThrow();
      if (!isResponse) expect(formatOf(signature.components, "wit-svid")).toBe(format);
    });

    it("has the parameters of its profile", () => {
      const { signatureParams } = published;
      const kind = isResponse ? "response" : "request";
      expect(parseSignatureParameters(signature.parameters, kind)).toEqual({
        times: { iat: signatureParams["created"], exp: signatureParams["expires"] },
        nonce: signatureParams["nonce"],
        audience: signatureParams["wimse-aud"],
        wantsSignedResponse: signatureParams["wimse-sign-response"] === true,
        requestNonce: signatureParams["wimse-req-nonce"],
      });
    });

    it("has the base that is written down, and a signature of the key in its WIT", () => {
      expect(Buffer.from(base).toString()).toBe(published.recomputedSignatureBase);
      const { alg: _, ...jwk } = published.witDecoded.claims.cnf.jwk as Record<string, unknown>;
      const key = createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
      expect(verify(null, Buffer.from(base), key, signature.bytes)).toBe(true);
    });

    it.runIf(isResponse)("has the digest of its content", () => {
      const digest = createHash("sha256")
        .update(published.bodyExact ?? "")
        .digest("base64url");
      const bound = parseContentDigest(field("content-digest"));
      expect(() => checkContent(bound, digest, "http-signature")).not.toThrow();
    });
  });
});

function headOf(message: string) {
  const hasEnd = message.includes("\n\n");
  const { method, target, headers } = parseHttpMessage(hasEnd ? message : `${message}\n\n`);
  const [path = "", query] = target.split(/\?(.*)/s);
  return { method, target: { path, query }, headers };
}
