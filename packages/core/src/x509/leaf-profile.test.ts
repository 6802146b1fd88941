import { describe, expect, it } from "vitest";
import type { VerificationCode } from "../refusal-codes.js";
import { SpiffeIdError } from "../spiffe/spiffe-id.js";
import { parseCertificate } from "./certificate.js";
import {
  basicConstraints,
  ca,
  ecKey,
  extendedKeyUsage,
  keyUsage,
  leaf,
  names,
  purpose,
  refusal,
  type Spec,
  subjectAltName,
  unknownExtension,
  uris,
  usage,
  webId,
} from "./certificate-fixtures.test-support.js";
import { verifyLeafProfile } from "./leaf-profile.js";

const key = ecKey();
const root = ca("root", { key });
const verify = (extensions: Spec["extensions"] = {}) =>
  verifyLeafProfile(parseCertificate(leaf(root, { key, extensions }).der));
const named = (...ids: readonly string[]) => ({ names: subjectAltName(uris(...ids)) });

describe("verifyLeafProfile", () => {
  it("returns the identity of the leaf", () => {
    expect(verify().toString()).toBe(webId);
  });

  it.each<[string, Spec["extensions"]]>([
    [
      "other names beside the URI",
      {
        names: subjectAltName(
          names(
            { dNSName: "web.td.example" },
            { uniformResourceIdentifier: webId },
            { iPAddress: "::1" },
          ),
        ),
      },
    ],
    ["no extended key usage", { extendedKeyUsage: undefined }],
    [
      "another purpose beside the two",
      {
        extendedKeyUsage: extendedKeyUsage(...Object.values(purpose)),
      },
    ],
    ["no basicConstraints", { basicConstraints: undefined }],
    ["digitalSignature alone", { keyUsage: keyUsage(usage.digitalSignature) }],
    ["an unknown extension", { unknown: unknownExtension(false) }],
  ])("accepts %s", (_, extensions) => {
    expect(verify(extensions).toString()).toBe(webId);
  });

  it.each<[string, VerificationCode, Spec["extensions"]]>([
    ["no subjectAltName", "certificate_uri_missing", { names: undefined }],
    [
      "a DNS name alone",
      "certificate_uri_missing",
      {
        names: subjectAltName(names({ dNSName: webId })),
      },
    ],
    ["two identities", "certificate_uri_multiple", named(webId, `${webId}2`)],
    ["another URI before the identity", "certificate_uri_multiple", named("urn:x", webId)],
    ["a WIMSE identifier", "certificate_id_invalid", named("wimse://td.example/web")],
    ["upper case in the trust domain", "certificate_id_invalid", named("spiffe://TD.example/web")],
    ["an escaped path", "certificate_id_invalid", named("spiffe://td.example/%77eb")],
    ["an empty URI", "certificate_id_invalid", named("")],
    ["cA true", "certificate_is_ca", { basicConstraints: basicConstraints(true) }],
    ["no keyUsage", "certificate_key_usage_invalid", { keyUsage: undefined }],
    [
      "keyUsage that is not critical",
      "certificate_key_usage_invalid",
      {
        keyUsage: keyUsage(usage.digitalSignature, false),
      },
    ],
    [
      "keyUsage without digitalSignature",
      "certificate_key_usage_invalid",
      {
        keyUsage: keyUsage(usage.keyEncipherment),
      },
    ],
    [
      "keyCertSign",
      "certificate_key_usage_invalid",
      {
        keyUsage: keyUsage(usage.digitalSignature | usage.keyCertSign),
      },
    ],
    [
      "cRLSign",
      "certificate_key_usage_invalid",
      {
        keyUsage: keyUsage(usage.digitalSignature | usage.cRLSign),
      },
    ],
    [
      "serverAuth alone",
      "certificate_extended_key_usage_invalid",
      {
        extendedKeyUsage: extendedKeyUsage(purpose.serverAuth),
      },
    ],
    [
      "clientAuth alone",
      "certificate_extended_key_usage_invalid",
      {
        extendedKeyUsage: extendedKeyUsage(purpose.clientAuth),
      },
    ],
    [
      "anyExtendedKeyUsage alone",
      "certificate_extended_key_usage_invalid",
      {
        extendedKeyUsage: extendedKeyUsage("2.5.29.37.0"),
      },
    ],
    [
      "an unknown critical extension",
      "certificate_extension_unsupported",
      {
        unknown: unknownExtension(true),
      },
    ],
  ])("refuses %s", (_, code, extensions) => {
    expect(() => verify(extensions)).toThrow(refusal(code));
  });

  it("keeps the cause when the URI is not the identity of a workload", () => {
    const cause = expect.objectContaining({ code: "path_missing" });
    expect(() => verify(named("spiffe://td.example"))).toThrow(expect.objectContaining({ cause }));
    try {
      verify(named("spiffe://td.example"));
    } catch (error) {
      expect((error as Error).cause).toBeInstanceOf(SpiffeIdError);
    }
  });
});
