import { describe, expect, it } from "vitest";
import { parseCertificate } from "./certificate.js";
import {
  type Algorithm,
  bytes,
  ca,
  ecdsa,
  ecKey,
  leaf,
  refusal,
  rsaKey,
  rsaPkcs1,
  type Spec,
  tlv,
} from "./certificate-fixtures.test-support.js";

const key = ecKey();
const root = ca("root", { key });
const parseLeaf = (spec: Spec) => parseCertificate(leaf(root, { key, ...spec }).der);

describe("the signature algorithm of a certificate", () => {
  const rsaRoot = ca("rsa", { key: rsaKey(), algorithm: rsaPkcs1 });
  const sha2 = { sha256: 1, sha384: 2, sha512: 3 } as const;
  type Digest = keyof typeof sha2;
  const names = { sha256: "SHA-256", sha384: "SHA-384", sha512: "SHA-512" } as const;
  const salts = { sha256: "20", sha384: "30", sha512: "40" } as const;
  const digests = Object.keys(sha2) as Digest[];

  function pss(digest: Digest, parameters: string, salt: string = salts[digest], mask = digest) {
    const hash = (name: Digest) =>
      tlv(0x30, bytes(`0609608648016503040 20${sha2[name]}${parameters}`));
    const mgf = tlv(0x30, bytes("06092a864886f70d010108"), hash(mask));
    const saltLength = tlv(0xa2, bytes(`0201${salt}`));
    return tlv(0x30, tlv(0xa0, hash(digest)), tlv(0xa1, mgf), saltLength);
  }
  const rsaPss = (digest: Digest, parameters: Uint8Array): Algorithm => ({
    oid: "1.2.840.113549.1.1.10",
    parameters,
    digest,
    pss: true,
  });
  const schemeOf = (algorithm: Algorithm) =>
    parseCertificate(leaf(rsaRoot, { key, algorithm }).der).signatureScheme;

  it.each(digests)("accepts ECDSA with %s", (digest) => {
    const algorithm = { oid: `1.2.840.10045.4.3.${sha2[digest] + 1}`, digest };
    expect(parseLeaf({ algorithm }).signatureScheme).toEqual({
      family: "ecdsa",
      hash: names[digest],
    });
  });

  it.each(digests)("accepts RSASSA-PKCS1-v1_5 with %s, with and without NULL", (digest) => {
    const oid = `1.2.840.113549.1.1.${sha2[digest] + 10}`;
    const scheme = { family: "rsa-pkcs1", hash: names[digest] };
    expect(schemeOf({ oid, parameters: null, digest })).toEqual(scheme);
    expect(schemeOf({ oid, digest })).toEqual(scheme);
  });

  it.each(digests)("accepts RSASSA-PSS with %s", (digest) => {
    const scheme = { family: "rsa-pss", hash: names[digest] };
    expect(schemeOf(rsaPss(digest, pss(digest, "0500")))).toEqual(scheme);
    expect(schemeOf(rsaPss(digest, pss(digest, "")))).toEqual(scheme);
  });

  it.each<[string, Algorithm]>([
    ["RSA with SHA-1", { oid: "1.2.840.113549.1.1.5", parameters: null, digest: "sha1" }],
    ["RSA with MD5", { oid: "1.2.840.113549.1.1.4", parameters: null, digest: "md5" }],
    ["ECDSA with SHA-1", { oid: "1.2.840.10045.4.1", digest: "sha1" }],
    ["ECDSA with SHA-224", { oid: "1.2.840.10045.4.3.1", digest: "sha224" }],
    ["ECDSA with parameters", { ...ecdsa, parameters: null }],
    ["Ed25519", { oid: "1.3.101.112", digest: "sha256" }],
    ["PSS with default parameters", rsaPss("sha256", bytes("3000"))],
    ["PSS without parameters", { oid: "1.2.840.113549.1.1.10", digest: "sha256" }],
    ["PSS with a short salt", rsaPss("sha256", pss("sha256", "0500", "14"))],
    ["PSS with another mask hash", rsaPss("sha256", pss("sha256", "0500", "20", "sha512"))],
  ])("refuses %s", (_, algorithm) => {
    expect(() => schemeOf(algorithm)).toThrow(refusal("certificate_algorithm_unsupported"));
  });
});
