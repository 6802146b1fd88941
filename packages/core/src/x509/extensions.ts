import { VerificationError } from "../errors.js";
import { tags } from "./der.js";
import { hex, oidHex } from "./der-hex.js";
import { type DerElement, DerReader, readOne, readSequence } from "./der-reader.js";
import { defaultFalse, hasBit, smallInteger } from "./der-values.js";
import { type GeneralName, readGeneralName } from "./general-name.js";
import { type NameConstraints, readNameConstraints } from "./name-constraints.js";

/** What keyUsage says about signing (RFC 5280 §4.2.1.3). */
export interface KeyUsage {
  readonly critical: boolean;
  readonly digitalSignature: boolean;
  readonly keyCertSign: boolean;
  readonly cRLSign: boolean;
}

/** What the extensions of a certificate say (RFC 5280 §4.2.1). */
export interface CertificateExtensions {
  /** subjectAltName, in its order; empty without one. */
  readonly alternativeNames: readonly GeneralName[];
  /** basicConstraints. */
  readonly isCa: boolean;
  readonly pathLength: number | undefined;
  readonly keyUsage: KeyUsage | undefined;
  /** Each purpose as `oidHex` writes it. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  readonly authorityKeyId: Uint8Array | undefined;
  readonly subjectKeyId: Uint8Array | undefined;
  /** Whether a critical extension was not processed, so that the certificate may not be used. */
  readonly hasUnknownCritical: boolean;
}

interface Extension {
  readonly critical: boolean;
  readonly value: Uint8Array;
}

const ids = {
  subjectKeyIdentifier: oidHex("2.5.29.14"),
  keyUsage: oidHex("2.5.29.15"),
  subjectAltName: oidHex("2.5.29.17"),
  basicConstraints: oidHex("2.5.29.19"),
  nameConstraints: oidHex("2.5.29.30"),
  authorityKeyIdentifier: oidHex("2.5.29.35"),
  extendedKeyUsage: oidHex("2.5.29.37"),
} as const;

const processed: ReadonlySet<string> = new Set(Object.values(ids));

/**
 * Reads the extensions of a certificate.
 *
 * @param field - the `extensions` of the certificate, or undefined when it has none
 * @param hasSubject - without one, subjectAltName has to be critical (§4.1.2.6)
 * @throws {VerificationError} `certificate_malformed`, `certificate_extension_duplicate`
 */
export function readExtensions(
  field: DerElement | undefined,
  hasSubject: boolean,
): CertificateExtensions {
  const extensions = field === undefined ? new Map<string, Extension>() : byId(field);
  const read = <T>(id: string, parse: (value: Uint8Array, critical: boolean) => T) => {
    const extension = extensions.get(id);
    return extension && parse(extension.value, extension.critical);
  };
  if (!hasSubject && extensions.get(ids.subjectAltName)?.critical === false) {
    throw new VerificationError("certificate_malformed");
  }
  const constraints = read(ids.basicConstraints, basicConstraintsOf);
  return {
    alternativeNames: read(ids.subjectAltName, alternativeNamesOf) ?? [],
    isCa: constraints?.isCa ?? false,
    pathLength: constraints?.pathLength,
    keyUsage: read(ids.keyUsage, keyUsageOf),
    extendedKeyUsage: read(ids.extendedKeyUsage, extendedKeyUsageOf),
    nameConstraints: read(ids.nameConstraints, readNameConstraints),
    authorityKeyId: read(ids.authorityKeyIdentifier, authorityKeyIdOf),
    subjectKeyId: read(ids.subjectKeyIdentifier, subjectKeyIdOf),
    hasUnknownCritical: [...extensions].some(
      ([id, { critical }]) => critical && !processed.has(id),
    ),
  };
}

function byId(field: DerElement): Map<string, Extension> {
  const extensions = new Map<string, Extension>();
  for (const { content } of readSequence(field.content).list(tags.sequence)) {
    const reader = new DerReader(content);
    const id = hex(reader.next(tags.oid).der);
    const critical = defaultFalse(reader.optional(tags.boolean));
    const value = reader.next(tags.octetString).content;
    reader.end();
    if (extensions.has(id)) throw new VerificationError("certificate_extension_duplicate");
    extensions.set(id, { critical, value });
  }
  return extensions;
}

function alternativeNamesOf(value: Uint8Array): readonly GeneralName[] {
  return Object.freeze(readSequence(value).list().map(readGeneralName));
}

function basicConstraintsOf(value: Uint8Array) {
  const reader = readSequence(value);
  const isCa = defaultFalse(reader.optional(tags.boolean));
  const pathLength = reader.optional(tags.integer);
  reader.end();
  return { isCa, pathLength: pathLength && smallInteger(pathLength) };
}

function keyUsageOf(value: Uint8Array, critical: boolean): KeyUsage {
  const bits = readOne(value, tags.bitString);
  return Object.freeze({
    critical,
    digitalSignature: hasBit(bits, 0),
    keyCertSign: hasBit(bits, 5),
    cRLSign: hasBit(bits, 6),
  });
}

function extendedKeyUsageOf(value: Uint8Array): readonly string[] {
  const purposes = readSequence(value).list(tags.oid);
  return Object.freeze(purposes.map(({ der }) => hex(der)));
}

function authorityKeyIdOf(value: Uint8Array): Uint8Array | undefined {
  const reader = readSequence(value);
  const keyId = reader.optional(0x80);
  reader.optional(0xa1); // authorityCertIssuer and
  reader.optional(0x82); // authorityCertSerialNumber only help to find an issuer
  reader.end();
  return keyId?.content;
}

function subjectKeyIdOf(value: Uint8Array): Uint8Array {
  return readOne(value, tags.octetString).content;
}
