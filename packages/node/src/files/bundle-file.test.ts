import type { CredentialErrorCode, TrustDomain } from "@firsthand/core";
import { createTrustDomain, issueCertificate } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { readBundleFile } from "./bundle-file.js";
import { bundlePem, certificatePem, issueFiles, names } from "./file-scene.test-support.js";

const path = "/certs/bundle";
const domain = await createTrustDomain("shop.example");
const partner = await createTrustDomain("partner.example");
const files = await issueFiles(domain);
const [ownPem, partnerPem] = await Promise.all([bundlePem(domain), bundlePem(partner)]);
const document = domain.bundleDocument();
const { keys } = JSON.parse(document);
const read = (content: string, name: TrustDomain = domain.name) =>
  readBundleFile(path, name, Buffer.from(content));
const withKeys = (...entries: readonly unknown[]) => JSON.stringify({ keys: entries });

/** The root of the domain with other names. */
function rootNamed(...uris: string[]): string {
  const { root } = domain.authorities.x509;
  const template = {
    subject: "root",
    notBefore: domain.now(),
    notAfter: domain.now() + 60,
    names: { uris },
    basicConstraints: { ca: true },
    keyUsage: ["keyCertSign"],
  } as const;
  return certificatePem(issueCertificate(template, root.key).certificate);
}

describe("readBundleFile", () => {
  it("reads PEM certificates", async () => {
    await domain.rotateAuthorities();
    const bundle = await read(await bundlePem(domain));
    expect(bundle.trustDomain).toBe("shop.example");
    expect(bundle.x509Authorities).toHaveLength(2);
    expect(bundle.jwtAuthorities.size).toBe(0);
  });

  it.each([
    ["", document],
    [" after white space", `\n  ${document}`],
  ])("reads a bundle document%s", async (_, content) => {
    const bundle = await read(content);
    expect(bundle.trustDomain).toBe("shop.example");
    expect(bundle.x509Authorities).toHaveLength(1);
    expect(bundle.jwtAuthorities.size).toBe(1);
    expect(bundle.witAuthorities.size).toBe(1);
  });

  it("reads a document without keys: then nobody is trusted", async () => {
    expect((await read(withKeys())).x509Authorities).toEqual([]);
  });

  it.each([
    ["that name nobody", rootNamed()],
    ["with the ID of the trust domain", rootNamed("spiffe://shop.example")],
    ["with the ID of a workload", rootNamed("spiffe://shop.example/ca")],
    ["with other URIs", rootNamed("https://partner.example")],
  ])("takes PEM authorities %s", async (_, content) => {
    expect((await read(content)).x509Authorities).toHaveLength(1);
  });

  it.each<[string, CredentialErrorCode, string]>([
    ["text", "file_invalid", "hello"],
    ["a private key alone", "bundle_key_private", files[names.privateKey] ?? ""],
    ["a private key beside authorities", "bundle_key_private", ownPem + files[names.privateKey]],
    ["an SVID", "bundle_invalid", files[names.certificates] ?? ""],
    ["an SVID beside authorities", "bundle_invalid", ownPem + files[names.certificates]],
    ["authorities of two trust domains", "file_invalid", ownPem + partnerPem],
    ["authorities of another trust domain", "file_invalid", partnerPem],
    [
      "an authority with a longer trust domain",
      "file_invalid",
      rootNamed("spiffe://shop.example.evil.example"),
    ],
    ["PEM that is cut", "file_invalid", ownPem.slice(0, -10)],
    ["too many authorities", "bundle_too_large", ownPem.repeat(501)],
    ["a document that is cut", "bundle_invalid", document.slice(0, -1)],
    ["a document that names a member twice", "bundle_invalid", `{"keys":[],"keys":[]}`],
    ["a document of another kind", "bundle_invalid", "{}"],
    ["a bundle map", "bundle_invalid", `{"trust_domains":{"shop.example":${document}}}`],
    ["a document with a private key", "bundle_key_private", withKeys({ ...keys[1], d: "AA" })],
    ["a document with a kid twice", "bundle_key_duplicate", withKeys(keys[1], keys[1])],
  ])("refuses %s", async (_, code, content) => {
    const refused = read(content);
    await expect(refused).rejects.toMatchObject({ name: "CredentialError", code });
    await expect(refused).rejects.toThrow(path);
    await expect(refused).rejects.not.toThrow(`${path}: ${path}`);
  });

  it("says which rule is broken", async () => {
    await expect(read("{}")).rejects.toThrow(`${path}: keys is missing or has the wrong form`);
    await expect(read(partnerPem)).rejects.toThrow(
      `${path}: holds an authority of another trust domain than shop.example`,
    );
  });
});
