import { bytesEqual } from "../encoding.js";
import { VerificationError } from "../errors.js";
import type { KeyShape, SignatureScheme } from "../runtime/port.js";
import { derLength, tags } from "./der.js";
import { derHex, hex } from "./der-hex.js";
import { type DerElement, DerReader } from "./der-reader.js";
import { epochSecondsOf, positiveInteger, wholeOctets } from "./der-values.js";
import { type CertificateExtensions, readExtensions } from "./extensions.js";
import { keyShapeOf } from "./public-key-info.js";
import { signatureSchemeOf } from "./signature-scheme.js";

const maxSerialOctets = 20;
const version3 = derHex(0xa0, derHex(tags.integer, "02"));

/** An X.509 certificate of version 3 (RFC 5280 §4.1), read once. Nothing in it is believed yet. */
export interface Certificate extends CertificateExtensions {
  readonly der: Uint8Array;
  /** The bytes that the issuer signed. */
  readonly tbs: Uint8Array;
  readonly signatureScheme: SignatureScheme;
  readonly signature: Uint8Array;
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** DER; names are compared byte by byte. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly isSelfIssued: boolean;
  /** Seconds since the epoch, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly keyShape: KeyShape;
}

/**
 * Reads exactly one certificate from DER. Keeps a copy, so that what was checked stays what is used.
 *
 * @throws {VerificationError} `certificate_malformed`, `certificate_trailing_data`,
 * `certificate_version_invalid`, `certificate_extension_duplicate`,
 * `certificate_algorithm_mismatch`, `certificate_algorithm_unsupported`, `certificate_key_weak`
 */
export function parseCertificate(bytes: Uint8Array): Certificate {
  const der = new Uint8Array(bytes);
  if (derLength(der) !== der.length) throw new VerificationError("certificate_trailing_data");
  const parts = new DerReader(der).enter();
  const tbs = parts.next(tags.sequence);
  const algorithm = parts.next(tags.sequence);
  const signature = wholeOctets(parts.next(tags.bitString));
  parts.end();
  return Object.freeze({ der, tbs: tbs.der, signature, ...readTbs(tbs, algorithm) });
}

function readTbs({ content }: DerElement, algorithm: DerElement) {
  const fields = new DerReader(content);
  checkVersion(fields.optional(0xa0));
  const serialNumber = serialNumberOf(fields.next(tags.integer));
  if (!bytesEqual(fields.next(tags.sequence).der, algorithm.der)) {
    throw new VerificationError("certificate_algorithm_mismatch");
  }
  const signatureScheme = signatureSchemeOf(algorithm);
  const issuer = fields.next(tags.sequence).der;
  const validity = readValidity(fields.enter());
  const subject = fields.next(tags.sequence);
  const spki = fields.next(tags.sequence);
  fields.optional(0x81); // issuerUniqueID and
  fields.optional(0x82); // subjectUniqueID mean nothing any more
  const extensions = readExtensions(fields.optional(0xa3), subject.content.length > 0);
  fields.end();
  return {
    serialNumber,
    signatureScheme,
    issuer,
    ...validity,
    subject: subject.der,
    isSelfIssued: bytesEqual(issuer, subject.der),
    spki: spki.der,
    keyShape: keyShapeOf(spki, extensions.isCa),
    ...extensions,
  };
}

function checkVersion(version: DerElement | undefined): void {
  if (version === undefined || hex(version.der) !== version3) {
    throw new VerificationError("certificate_version_invalid");
  }
}

function serialNumberOf(serial: DerElement): string {
  if (serial.content.length > maxSerialOctets) throw new VerificationError("certificate_malformed");
  return hex(positiveInteger(serial));
}

function readValidity(fields: DerReader) {
  const notBefore = epochSecondsOf(fields.next());
  const notAfter = epochSecondsOf(fields.next());
  fields.end();
  return { notBefore, notAfter };
}
