import type { CertificateNames } from "../x509/template.js";
import { badLeaf, type CertificateMutation, type Deviation } from "./mint.js";

const purposes = {
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  codeSigning: "1.3.6.1.5.5.7.3.3",
  emailProtection: "1.3.6.1.5.5.7.3.4",
};

const keyUsageOid = "2.5.29.15";
const unknownExtension = { oid: "1.3.6.1.4.1.55555.1", value: Uint8Array.of(0x05, 0x00) };
const digitalSignatureBits = Uint8Array.of(0x03, 0x02, 0x07, 0x80);

/** The profile of a leaf (X509-SVID §3 to §5; RFC 5280 §4). */
export const certificateLeafMutations = {
  uriMissing: badLeaf({ names: {} }),
  uriOnlyAsDnsName: badLeaf(names((uri) => ({ dnsNames: [uri] }))),
  uriOnlyAsEmail: badLeaf(names((uri) => ({ emails: [uri] }))),
  /** What a reader of OpenSSL's text form would take for a URI. */
  uriInsideDnsName: badLeaf(names((uri) => ({ dnsNames: [`x, URI:${uri}`] }))),
  uriTwice: badLeaf(names((uri) => ({ uris: [uri, uri] }))),
  uriOfAnotherWorkloadAdded: badLeaf(names((uri) => ({ uris: [uri, `${uri}-admin`] }))),
  uriOfAnotherSchemeAdded: badLeaf(names((uri) => ({ uris: [uri, "https://example.org/"] }))),
  uriOfAnotherScheme: badLeaf(names((uri) => ({ uris: [uri.replace("spiffe:", "https:")] }))),
  uriWithoutPath: badLeaf(names((uri) => ({ uris: [uri.split("/").slice(0, 3).join("/")] }))),
  uriWithNul: badLeaf(names((uri) => ({ uris: [`${uri}\0.example`] }))),
  uriWithSecondInside: badLeaf(names((uri) => ({ uris: [`${uri}, URI:${uri}-admin`] }))),

  leafIsCa: badLeaf({ basicConstraints: { ca: true } }),
  keyUsageMissing: badLeaf({ keyUsage: undefined }),
  keyUsageNotCritical: badLeaf({
    keyUsage: undefined,
    extraExtensions: [{ oid: keyUsageOid, critical: false, value: digitalSignatureBits }],
  }),
  keyUsageWithoutSignature: badLeaf({ keyUsage: ["keyEncipherment"] }),
  keyUsageCertSign: badLeaf({ keyUsage: ["digitalSignature", "keyCertSign"] }),
  keyUsageCrlSign: badLeaf({ keyUsage: ["digitalSignature", "cRLSign"] }),
  purposeEmail: badLeaf({ extendedKeyUsage: [purposes.emailProtection] }),
  purposeCodeSigning: badLeaf({ extendedKeyUsage: [purposes.codeSigning] }),
  purposeWithoutClient: badLeaf({ extendedKeyUsage: [purposes.serverAuth] }),
  purposeWithoutServer: badLeaf({ extendedKeyUsage: [purposes.clientAuth] }),

  leafExpired: badLeaf(shifted(-24)),
  leafNotYetValid: badLeaf(shifted(24)),

  extensionCriticalUnknown: badLeaf({ extraExtensions: [{ ...unknownExtension, critical: true }] }),
  extensionDuplicate: badLeaf({
    extraExtensions: [{ oid: keyUsageOid, critical: true, value: digitalSignatureBits }],
  }),
  versionOne: badLeaf({ version: 1 }),
  serialNumberZero: badLeaf({ serialNumber: Uint8Array.of(0) }),
  serialNumberNegative: badLeaf({ serialNumber: Uint8Array.of(0x80) }),
  serialNumberTooLong: badLeaf({ serialNumber: new Uint8Array(21).fill(1) }),
  /** The signed part names ECDSA with SHA-384, the signature is ECDSA with SHA-256. */
  signatureAlgorithmsDiffer: badLeaf({ innerSignatureAlgorithm: "1.2.840.10045.4.3.3" }),
  keyRsa1024: badLeaf({}, "RSA-1024"),
  keySecp256k1: badLeaf({}, "secp256k1"),
  namesTooLarge: badLeaf(({ names: { uris } }) => ({
    names: { uris, dnsNames: Array.from({ length: 10_000 }, (_, i) => `host-${i}.example`) },
  })),
} as const satisfies Record<string, CertificateMutation>;

function names(change: (uri: string) => CertificateNames): Deviation {
  return ({ names: { uris: [uri = ""] = [] } }) => ({ names: change(uri) });
}

function shifted(hours: number): Deviation {
  return ({ notBefore, notAfter }) => ({
    notBefore: notBefore + hours * 3600,
    notAfter: notAfter + hours * 3600,
  });
}
