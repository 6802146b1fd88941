import { X509Certificate } from "node:crypto";
import { Time } from "@peculiar/asn1-x509";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VerificationError } from "../errors.js";
import type { VerificationCode } from "../refusal-codes.js";
import { concat } from "../runtime/concat.js";
import { parseCertificate } from "./certificate.js";
import {
  ascii,
  authorityKeyId,
  bytes,
  ca,
  contentOf,
  ecdsa,
  ecKey,
  hour,
  identifier,
  keyUsage,
  leaf,
  names,
  now,
  refusal,
  replaced,
  type Spec,
  serialize,
  subjectAltName,
  subjectKeyId,
  tlv,
  unknownExtension,
  uris,
  webId,
  withExtensions,
} from "./certificate-fixtures.test-support.js";

const key = ecKey();
const root = ca("root", { key });
const parseLeaf = (spec: Spec) => parseCertificate(leaf(root, { key, ...spec }).der);

describe("parseCertificate", () => {
  it("reads what an independent writer wrote, and what an independent reader reads", () => {
    const id = bytes("0a0b0c");
    const names1 = names(
      { dNSName: "web.td.example" },
      { uniformResourceIdentifier: webId },
      { iPAddress: "10.0.0.1" },
      { rfc822Name: "web@td.example" },
    );
    const { der } = leaf(root, {
      key,
      extensions: {
        names: subjectAltName(names1, true),
        authorityKeyId: authorityKeyId(id),
        subjectKeyId: subjectKeyId(id),
        unknown: unknownExtension(false),
      },
    });
    const certificate = parseCertificate(der);
    const other = new X509Certificate(der);
    expect(certificate).toMatchObject({
      signatureScheme: { family: "ecdsa", hash: "SHA-256" },
      keyShape: { kind: "ec", curve: "P-256" },
      isCa: false,
      isSelfIssued: false,
      pathLength: undefined,
      keyUsage: { critical: true, digitalSignature: true, keyCertSign: false, cRLSign: false },
      nameConstraints: undefined,
      hasUnknownCritical: false,
      notBefore: now - hour,
      notAfter: now + hour,
      alternativeNames: [
        { kind: "dns", text: "web.td.example" },
        { kind: "uri", text: webId },
        { kind: "ip" },
        { kind: "email" },
      ],
    });
    expect(certificate.authorityKeyId).toEqual(id);
    expect(certificate.subjectKeyId).toEqual(id);
    expect(certificate.serialNumber).toBe(other.serialNumber);
    expect(certificate.notAfter).toBe(Date.parse(other.validTo) / 1000);
    expect(certificate.spki).toEqual(
      new Uint8Array(other.publicKey.export({ type: "spki", format: "der" })),
    );
    expect(certificate.issuer).toEqual(parseCertificate(root.der).subject);
    expect(Object.isFrozen(certificate)).toBe(true);
    expect(Object.isFrozen(certificate.alternativeNames)).toBe(true);
  });

  it("reads a CA", () => {
    const certificate = parseCertificate(root.der);
    expect(certificate).toMatchObject({ isCa: true, isSelfIssued: true, alternativeNames: [] });
    expect(certificate.keyUsage).toMatchObject({ keyCertSign: true, cRLSign: true });
    expect(certificate.extendedKeyUsage).toBeUndefined();
  });

  it("keeps a copy that later changes of the bytes do not reach", () => {
    const der = Buffer.from(root.der);
    const certificate = parseCertificate(der);
    der.fill(0);
    expect(certificate.der).toEqual(root.der);
    expect(certificate.tbs).toEqual(root.der.slice(4, 4 + certificate.tbs.length));
  });

  it("gives a certificate or a VerificationError for any bytes and any changed certificate", () => {
    const { der } = leaf(root, { key });
    const change = fc.record({ at: fc.nat(der.length - 1), octet: fc.nat(255) });
    const changed = fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
      const copy = der.slice();
      for (const { at, octet } of changes) copy[at] = octet;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 500 })), (input) => {
        try {
          return parseCertificate(input).der.length === input.length;
        } catch (error) {
          return error instanceof VerificationError;
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe("the form of a certificate", () => {
  const serial = bytes("02080102030405060708");
  const version = bytes("a003020102");
  const unknown = (critical: string, rest = "", id = "06032a0304") =>
    tlv(0x30, bytes(`${id} ${critical} 04020500 ${rest}`));
  const changes: Record<string, [VerificationCode, Spec]> = {
    "version 1": ["certificate_version_invalid", { changeBytes: replaced(version, bytes("")) }],
    "version 2": [
      "certificate_version_invalid",
      { changeBytes: replaced(version, bytes("a003020101")) },
    ],
    "a second version": [
      "certificate_malformed",
      { changeBytes: replaced(version, bytes("a003020102 a003020102")) },
    ],
    "XV-070 serial number 0": [
      "certificate_malformed",
      { changeBytes: replaced(serial, bytes("020100")) },
    ],
    "XV-070 a negative serial number": [
      "certificate_malformed",
      { changeBytes: replaced(serial, bytes("0201ff")) },
    ],
    "XV-070 a serial number of 21 octets": [
      "certificate_malformed",
      { changeBytes: replaced(serial, tlv(0x02, new Uint8Array(21).fill(1))) },
    ],
    "XV-062 two signature algorithms": [
      "certificate_algorithm_mismatch",
      { outerAlgorithm: identifier({ oid: "1.2.840.10045.4.3.3" }) },
    ],
    "signature algorithms that differ in their parameters": [
      "certificate_algorithm_mismatch",
      { outerAlgorithm: identifier({ oid: ecdsa.oid, parameters: null }) },
    ],
    "an extension twice": [
      "certificate_extension_duplicate",
      { extensions: { again: keyUsage(1) } },
    ],
    "two SubjectAltName extensions": [
      "certificate_extension_duplicate",
      { extensions: { again: subjectAltName(uris("spiffe://td.example/admin")) } },
    ],
    "an unknown extension twice": [
      "certificate_extension_duplicate",
      { extensions: { one: unknownExtension(false), two: unknownExtension(false) } },
    ],
    "extensions without one": ["certificate_malformed", withExtensions()],
    "something after the extensions": [
      "certificate_malformed",
      { changeBytes: (tbs) => tlv(0x30, contentOf(tbs), bytes("0500")) },
    ],
    "something beside the list of extensions": [
      "certificate_malformed",
      {
        ...withExtensions(),
        changeBytes: (tbs) =>
          tlv(0x30, contentOf(tbs), tlv(0xa3, tlv(0x30, unknown("")), bytes("0500"))),
      },
    ],
    "criticality false in full": ["certificate_malformed", withExtensions(unknown("010100"))],
    "criticality after the value": ["certificate_malformed", withExtensions(unknown("", "0101ff"))],
    "an extension without value": [
      "certificate_malformed",
      withExtensions(tlv(0x30, bytes("06032a0304"))),
    ],
    "no subject and a subjectAltName that is not critical": [
      "certificate_malformed",
      { subject: "" },
    ],
  };

  it.each(Object.entries(changes))("refuses %s", (_, [code, spec]) => {
    expect(() => parseLeaf(spec)).toThrow(refusal(code));
  });

  it("accepts extensions of our making when they are well formed", () => {
    const certificate = parseLeaf(withExtensions(unknown(""), unknown("0101ff", "", "06032a0305")));
    expect(certificate.hasUnknownCritical).toBe(true);
  });

  it("refuses bytes after the certificate, and only there as such", () => {
    const trailing = refusal("certificate_trailing_data");
    expect(() => parseCertificate(concat(root.der, bytes("00")))).toThrow(trailing);
    expect(() => parseCertificate(concat(root.der, root.der))).toThrow(trailing);
  });

  it("refuses something after the signature, and a signature of broken octets", () => {
    const { der } = leaf(root, { key });
    const content = contentOf(der);
    const malformed = refusal("certificate_malformed");
    expect(() => parseCertificate(tlv(0x30, content, bytes("0500")))).toThrow(malformed);
    const broken = tlv(0x30, content.slice(0, -3), bytes("80"));
    expect(() => parseCertificate(broken)).toThrow(malformed);
    const unusedBits = tlv(
      0x30,
      parseCertificate(der).tbs,
      serialize(identifier(ecdsa)),
      bytes("030201fe"),
    );
    expect(() => parseCertificate(unusedBits)).toThrow(malformed);
  });

  it("accepts a serial number of 20 octets", () => {
    const octets = new Uint8Array(20).fill(0x7f);
    const { serialNumber } = parseLeaf({ changeBytes: replaced(serial, tlv(0x02, octets)) });
    expect(serialNumber).toBe("7f".repeat(20));
  });

  it("accepts no subject when the subjectAltName is critical", () => {
    const extensions = { names: subjectAltName(uris(webId), true) };
    expect(parseLeaf({ subject: "", extensions }).subject).toEqual(bytes("3000"));
  });

  it("accepts a certificate without extensions and passes over unique identifiers", () => {
    const bare = parseLeaf({
      change: (tbs) => {
        delete tbs.extensions;
        tbs.issuerUniqueID = new ArrayBuffer(1);
        tbs.subjectUniqueID = new ArrayBuffer(1);
      },
    });
    expect(bare).toMatchObject({ alternativeNames: [], isCa: false, keyUsage: undefined });
  });
});

describe("the times of a certificate", () => {
  const malformed = refusal("certificate_malformed");
  const times = [now - hour, now + hour].map((time) => serialize(new Time(new Date(time * 1000))));
  const [notBefore = bytes(""), notAfter = bytes("")] = times;
  const withValidity = (...changed: readonly Uint8Array[]) =>
    parseLeaf({ changeBytes: replaced(tlv(0x30, ...times), tlv(0x30, ...changed)) });
  const withNotBefore = (time: Uint8Array) => withValidity(time, notAfter);
  const utc = (text: string) => tlv(0x17, ascii(text));
  const generalized = (text: string) => tlv(0x18, ascii(text));

  it.each([
    ["UTCTime up to 2049", utc("491231235959Z"), "2049-12-31T23:59:59Z"],
    ["UTCTime from 1950", utc("500101000000Z"), "1950-01-01T00:00:00Z"],
    ["GeneralizedTime", generalized("20500101000000Z"), "2050-01-01T00:00:00Z"],
    ["the end of time", generalized("99991231235959Z"), "9999-12-31T23:59:59Z"],
    ["a leap day", utc("280229120000Z"), "2028-02-29T12:00:00Z"],
  ])("reads %s", (_, time, iso) => {
    expect(withNotBefore(time).notBefore).toBe(Date.parse(iso) / 1000);
  });

  it.each([
    ["without seconds", utc("2601010000Z")],
    ["with an offset", utc("260101000000+0100")],
    ["without a zone", utc("260101000000")],
    ["with a fraction", generalized("20260101000000.5Z")],
    ["on a day that is not", utc("260230000000Z")],
    ["in month 13", utc("261301000000Z")],
    ["at second 60", utc("260101000060Z")],
    ["at hour 24", utc("260101240000Z")],
    ["with other digits", tlv(0x17, bytes("d9a0"))],
    ["in ISO form", generalized("2026-01-01T00:00:00.000Z")],
    ["of four digits in a UTCTime", utc("20260101000000Z")],
    ["of two digits in a GeneralizedTime", generalized("260101000000Z")],
    ["as a string", tlv(0x0c, ascii("20260101000000Z"))],
  ])("refuses a time %s", (_, time) => {
    expect(() => withNotBefore(time)).toThrow(malformed);
  });

  it("refuses a third time and a missing one", () => {
    expect(() => withValidity(notBefore, notAfter, notAfter)).toThrow(malformed);
    expect(() => withValidity(notBefore)).toThrow(malformed);
  });
});
