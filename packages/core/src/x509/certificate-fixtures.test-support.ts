import { constants, type KeyObject, sign } from "node:crypto";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Extension,
  Extensions,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  KeyIdentifier,
  KeyUsage,
  Name,
  NameConstraints,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509";
import { expect } from "vitest";
import { newKeyPair } from "../key-pair.test-support.js";
import type { VerificationCode } from "../refusal-codes.js";
import { concat } from "../runtime/concat.js";

/** The time of the tests, seconds since the epoch. */
export const now = 1_800_000_000;
export const hour = 3600;
export const webId = "spiffe://td.example/ns/pay/sa/web";

export const usage = { digitalSignature: 1, keyEncipherment: 4, keyCertSign: 32, cRLSign: 64 };
export const purpose = {
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  emailProtection: "1.3.6.1.5.5.7.3.4",
};

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export function ecKey(namedCurve = "P-256"): KeyPair {
  return newKeyPair("ec", { namedCurve });
}

export function rsaKey(modulusLength = 2048): KeyPair {
  return newKeyPair("rsa", { modulusLength });
}

/** One element of DER, or of something that is meant to look like it. */
export function tlv(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = concat(...contents);
  const { length } = content;
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return concat(Uint8Array.of(tag, ...(length < 0x80 ? [length] : long)), content);
}

export function bytes(hexadecimal: string): Uint8Array {
  return new Uint8Array(Buffer.from(hexadecimal.replaceAll(" ", ""), "hex"));
}

export function ascii(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

type Asn = Parameters<typeof AsnConvert.serialize>[0];

export function serialize(structure: Asn): Uint8Array {
  return new Uint8Array(AsnConvert.serialize(structure));
}

export function extension(oid: string, value: Uint8Array, critical = false): Extension {
  return new Extension({ extnID: oid, critical, extnValue: new OctetString(value) });
}

export function names(...names: ConstructorParameters<typeof GeneralName>[0][]): Uint8Array {
  return serialize(new SubjectAlternativeName(names.map((name) => new GeneralName(name))));
}

export function uris(...ids: readonly string[]): Uint8Array {
  return names(...ids.map((id) => ({ uniformResourceIdentifier: id })));
}

export const subjectAltName = (value: Uint8Array, critical = false) =>
  extension("2.5.29.17", value, critical);

export const keyUsage = (flags: number, critical = true) =>
  extension("2.5.29.15", serialize(new KeyUsage(flags as never)), critical);

export const basicConstraints = (cA: boolean, pathLenConstraint?: number) => {
  const constraints = new BasicConstraints({ cA });
  if (pathLenConstraint !== undefined) constraints.pathLenConstraint = pathLenConstraint;
  return extension("2.5.29.19", serialize(constraints), true);
};

export const extendedKeyUsage = (...purposes: readonly string[]) =>
  extension(
    "2.5.29.37",
    tlv(
      0x30,
      ...purposes.map((id) => serialize(new AlgorithmIdentifier({ algorithm: id })).slice(2)),
    ),
  );

export const subjectKeyId = (id: Uint8Array) => extension("2.5.29.14", tlv(0x04, id));

export const authorityKeyId = (id: Uint8Array) =>
  extension(
    "2.5.29.35",
    serialize(new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(id) })),
  );

type Bases = readonly ConstructorParameters<typeof GeneralName>[0][];

export function nameConstraints(permitted: Bases, excluded: Bases = []): Extension {
  const subtrees = (bases: Bases) =>
    new GeneralSubtrees(bases.map((base) => new GeneralSubtree({ base: new GeneralName(base) })));
  const constraints = new NameConstraints();
  if (permitted.length > 0) constraints.permittedSubtrees = subtrees(permitted);
  if (excluded.length > 0) constraints.excludedSubtrees = subtrees(excluded);
  return extension("2.5.29.30", serialize(constraints), true);
}

export const unknownExtension = (critical: boolean) =>
  extension("1.3.6.1.4.1.99999.1", bytes("0500"), critical);

/** How a certificate is signed, and how its AlgorithmIdentifier says so. */
export interface Algorithm {
  readonly oid: string;
  readonly parameters?: Uint8Array | null;
  readonly digest: string;
  readonly pss?: boolean;
}

export const ecdsa: Algorithm = { oid: "1.2.840.10045.4.3.2", digest: "sha256" };
export const rsaPkcs1: Algorithm = {
  oid: "1.2.840.113549.1.1.11",
  parameters: null,
  digest: "sha256",
};

export function identifier({ oid, parameters }: Pick<Algorithm, "oid" | "parameters">) {
  const value = new AlgorithmIdentifier({ algorithm: oid });
  if (parameters !== undefined) value.parameters = parameters && arrayBuffer(parameters);
  return value;
}

/** A party that signs certificates. */
export interface Issuer {
  readonly subject: string;
  readonly key: KeyPair;
  readonly der: Uint8Array;
}

/** What a certificate is to contain; whatever is left out is as it should be. */
export interface Spec {
  readonly subject?: string;
  readonly key?: KeyPair;
  readonly spki?: Uint8Array;
  readonly issuer?: Pick<Issuer, "subject" | "key"> | undefined;
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly algorithm?: Algorithm;
  /** By any name; a name that is set again replaces the extension, `undefined` removes it. */
  readonly extensions?: Readonly<Record<string, Extension | undefined>>;
  readonly change?: (tbs: TBSCertificate) => void;
  readonly changeBytes?: (tbs: Uint8Array) => Uint8Array;
  readonly outerAlgorithm?: AlgorithmIdentifier;
  readonly changeSignature?: (signature: Uint8Array) => Uint8Array;
}

const leafExtensions = {
  names: subjectAltName(uris(webId)),
  keyUsage: keyUsage(usage.digitalSignature | usage.keyEncipherment),
  extendedKeyUsage: extendedKeyUsage(purpose.serverAuth, purpose.clientAuth),
  basicConstraints: basicConstraints(false),
};

const caExtensions = {
  keyUsage: keyUsage(usage.keyCertSign | usage.cRLSign),
  basicConstraints: basicConstraints(true),
};

/** A leaf for {@link webId} that is valid around {@link now}. */
export function leaf(issuer: Pick<Issuer, "subject" | "key">, spec: Spec = {}): Issuer {
  return issue({
    subject: "web",
    issuer,
    notBefore: now - hour,
    notAfter: now + hour,
    ...spec,
    extensions: { ...leafExtensions, ...spec.extensions },
  });
}

/** A CA that is valid around {@link now}, self-signed unless an issuer is given. */
export function ca(subject: string, spec: Spec = {}): Issuer {
  return issue({ subject, ...spec, extensions: { ...caExtensions, ...spec.extensions } });
}

/** The content of a SEQUENCE. */
export function contentOf(sequence: Uint8Array): Uint8Array {
  const [, length = 0] = sequence;
  return sequence.slice(length < 0x80 ? 2 : 2 + (length & 0x7f));
}

/** Puts another field, well formed or not, in the place of one that the TBSCertificate has. */
export function replaced(from: Uint8Array, to: Uint8Array): (tbs: Uint8Array) => Uint8Array {
  return (tbs) => {
    const content = contentOf(tbs);
    const at = Buffer.from(content).indexOf(from);
    if (at < 0) throw new Error("the TBSCertificate has no such field");
    return tlv(0x30, content.slice(0, at), to, content.slice(at + from.length));
  };
}

/** Puts an `extensions` field of our making where the certificate would have its own. */
export function withExtensions(...extensions: readonly Uint8Array[]): Spec {
  return {
    change: (tbs) => {
      delete tbs.extensions;
    },
    changeBytes: (tbs) => tlv(0x30, contentOf(tbs), tlv(0xa3, tlv(0x30, ...extensions))),
  };
}

/** What is thrown for one cause. */
export function refusal(code: VerificationCode) {
  return expect.objectContaining({ name: "VerificationError", code });
}

function issue(spec: Spec): Issuer {
  const { subject = "", key = ecKey(), algorithm = ecdsa } = spec;
  const issuer = spec.issuer ?? { subject, key };
  const spki = spec.spki ?? key.publicKey.export({ type: "spki", format: "der" });
  const tbs = new TBSCertificate({
    version: Version.v3,
    serialNumber: arrayBuffer(bytes("0102030405060708")),
    signature: identifier(algorithm),
    issuer: nameOf(issuer.subject),
    validity: new Validity({
      notBefore: new Date((spec.notBefore ?? now - 24 * hour) * 1000),
      notAfter: new Date((spec.notAfter ?? now + 24 * hour) * 1000),
    }),
    subject: nameOf(subject),
    subjectPublicKeyInfo: AsnConvert.parse(spki, SubjectPublicKeyInfo),
    extensions: new Extensions(
      Object.values(spec.extensions ?? {}).filter((value) => value !== undefined),
    ),
  });
  spec.change?.(tbs);
  const signed = spec.changeBytes?.(serialize(tbs)) ?? serialize(tbs);
  const signature = signatureOf(signed, issuer.key.privateKey, algorithm);
  const der = tlv(
    0x30,
    signed,
    serialize(spec.outerAlgorithm ?? tbs.signature),
    tlv(0x03, Uint8Array.of(0), spec.changeSignature?.(signature) ?? signature),
  );
  return { subject, key, der };
}

function signatureOf(data: Uint8Array, key: KeyObject, { digest, pss = false }: Algorithm) {
  const padding = pss ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  const isRsa = key.asymmetricKeyType === "rsa";
  return sign(digest, data, isRsa ? { key, padding, ...(pss && { saltLength }) } : { key });
}

function nameOf(text: string): Name {
  if (text === "") return new Name([]);
  const value = new AttributeValue({ utf8String: text });
  const attribute = new AttributeTypeAndValue({ type: "2.5.4.3", value });
  return new Name([new RelativeDistinguishedName([attribute])]);
}

function arrayBuffer(view: Uint8Array): ArrayBuffer {
  return new Uint8Array(view).buffer;
}
