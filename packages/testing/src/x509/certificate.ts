import { createHash, createPublicKey, type KeyObject, sign } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  Certificate,
  Extensions,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509";
import { extensionsOf } from "./extensions.js";
import type { CertificateTemplate } from "./template.js";

/** Who signs certificates: a name and a private key. */
export interface CertificateIssuer {
  /** The common name, which is the whole name. */
  readonly subject: string;
  readonly key: KeyObject;
}

/** A certificate with its private key, whether or not it may issue others. */
export interface IssuedCertificate extends CertificateIssuer {
  /** DER. */
  readonly certificate: Uint8Array;
}

/**
 * Signs a certificate exactly as the template says, right or wrong. The same template and keys give
 * the same content; only ECDSA signatures differ.
 *
 * @param key the private key of the subject
 * @param issuer by default the subject itself
 */
export function issueCertificate(
  template: CertificateTemplate,
  key: KeyObject,
  issuer: CertificateIssuer = { subject: template.subject, key },
): IssuedCertificate {
  const { identifier, digest } = signatureOf(issuer.key);
  const tbs = new TBSCertificate({
    version: template.version === 1 ? Version.v1 : Version.v3,
    serialNumber: new ArrayBuffer(0),
    signature: innerAlgorithm(template) ?? identifier,
    issuer: nameOf(issuer.subject),
    validity: new Validity({
      notBefore: new Date(template.notBefore * 1000),
      notAfter: new Date(template.notAfter * 1000),
    }),
    subject: nameOf(template.subject),
    subjectPublicKeyInfo: publicKeyOf(key),
    extensions: new Extensions(extensionsOf(template, keyIdOf(key), keyIdOf(issuer.key))),
  });
  tbs.serialNumber = toArrayBuffer(template.serialNumber ?? serialNumberOf(tbs));
  const signature = sign(digest, Buffer.from(AsnConvert.serialize(tbs)), issuer.key);
  const certificate = AsnConvert.serialize(
    new Certificate({
      tbsCertificate: tbs,
      signatureAlgorithm: identifier,
      signatureValue: toArrayBuffer(signature),
    }),
  );
  return { certificate: new Uint8Array(certificate), subject: template.subject, key };
}

function nameOf(commonName: string): Name {
  const value = new AttributeValue({ utf8String: commonName });
  const attribute = new AttributeTypeAndValue({ type: "2.5.4.3", value });
  return new Name([new RelativeDistinguishedName([attribute])]);
}

/** Of the content, so that two different certificates never share a number (RFC 5280 §4.1.2.2). */
function serialNumberOf(tbs: TBSCertificate): Uint8Array {
  const hash = createHash("sha256")
    .update(Buffer.from(AsnConvert.serialize(tbs)))
    .digest();
  return Uint8Array.of(0x40 | (hash.readUInt8(0) & 0x3f), ...hash.subarray(1, 16));
}

function publicKeyOf(key: KeyObject): SubjectPublicKeyInfo {
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return AsnConvert.parse(spki, SubjectPublicKeyInfo);
}

/** RFC 7093 §2, method 1. */
function keyIdOf(key: KeyObject): Uint8Array {
  const { subjectPublicKey } = publicKeyOf(key);
  return createHash("sha256").update(Buffer.from(subjectPublicKey)).digest().subarray(0, 20);
}

function innerAlgorithm({ innerSignatureAlgorithm }: CertificateTemplate) {
  if (innerSignatureAlgorithm === undefined) return undefined;
  return new AlgorithmIdentifier({ algorithm: innerSignatureAlgorithm });
}

const ecdsa = {
  prime256v1: { oid: "1.2.840.10045.4.3.2", digest: "sha256" },
  secp256k1: { oid: "1.2.840.10045.4.3.2", digest: "sha256" },
  secp384r1: { oid: "1.2.840.10045.4.3.3", digest: "sha384" },
  secp521r1: { oid: "1.2.840.10045.4.3.4", digest: "sha512" },
} as const;

/** The one signature algorithm that is used with a key (RFC 5758 §3.2, RFC 4055 §5). */
function signatureOf(key: KeyObject) {
  const curve = key.asymmetricKeyDetails?.namedCurve as keyof typeof ecdsa | undefined;
  if (curve !== undefined) {
    const { oid, digest } = ecdsa[curve];
    return { identifier: new AlgorithmIdentifier({ algorithm: oid }), digest };
  }
  const algorithm = "1.2.840.113549.1.1.11";
  return { identifier: new AlgorithmIdentifier({ algorithm, parameters: null }), digest: "sha256" };
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
