import { describe, expect, it } from "vitest";
import { concat } from "../runtime/concat.js";
import { parseCertificate } from "./certificate.js";
import {
  ascii,
  bytes,
  ca,
  ecKey,
  extension,
  leaf,
  refusal,
  type Spec,
  tlv,
  uris,
  webId,
} from "./certificate-fixtures.test-support.js";

const key = ecKey();
const root = ca("root", { key });
const parseLeaf = (spec: Spec) => parseCertificate(leaf(root, { key, ...spec }).der);

describe("the extensions of a certificate", () => {
  const malformed = refusal("certificate_malformed");
  const read = (oid: string, value: Uint8Array, critical = false) =>
    parseLeaf({
      extensions: {
        names: undefined,
        keyUsage: undefined,
        extendedKeyUsage: undefined,
        basicConstraints: undefined,
        it: extension(oid, value, critical),
      },
    });

  it.each<[string, string, Uint8Array]>([
    ["a subjectAltName without names", "2.5.29.17", bytes("3000")],
    [
      "a URI that is not ASCII",
      "2.5.29.17",
      tlv(0x30, tlv(0x86, ascii("spiffe://td.example/\u00e9"))),
    ],
    ["a DNS name that is not ASCII", "2.5.29.17", tlv(0x30, tlv(0x82, ascii("\u00e9.example")))],
    ["a constructed URI", "2.5.29.17", tlv(0x30, tlv(0xa6, tlv(0x16, ascii(webId))))],
    ["a name of an unknown form", "2.5.29.17", bytes("3003890100")],
    ["a name of a universal type", "2.5.29.17", tlv(0x30, tlv(0x16, ascii(webId)))],
    ["bytes after the names", "2.5.29.17", concat(uris(webId), bytes("0500"))],
    ["names that are not DER", "2.5.29.17", bytes("308086000000")],
    ["a SET of names", "2.5.29.17", tlv(0x31, tlv(0x86, ascii(webId)))],
    ["cA false in full", "2.5.29.19", bytes("3003010100")],
    ["pathLen before cA", "2.5.29.19", bytes("30060201000101ff")],
    ["something after pathLen", "2.5.29.19", bytes("30080101ff0201000500")],
    ["a negative pathLen", "2.5.29.19", bytes("30060101ff0201ff")],
    ["a pathLen of 33 bits", "2.5.29.19", bytes("300a0101ff02050100000000")],
    ["a keyUsage that is no BIT STRING", "2.5.29.15", bytes("040180")],
    ["an extendedKeyUsage without purposes", "2.5.29.37", bytes("3000")],
    ["a purpose that is no OID", "2.5.29.37", bytes("30020500")],
    ["an unknown part of the authority key identifier", "2.5.29.35", bytes("3003890100")],
    ["a subject key identifier that is no OCTET STRING", "2.5.29.14", bytes("0500")],
  ])("refuses %s", (_, oid, value) => {
    expect(() => read(oid, value)).toThrow(malformed);
  });

  it("keeps the kind and nothing else of names that it does not read", () => {
    const every = bytes(
      "3024 a00706032a0304a000 8101ff a3020500 a4023000 a5020500 8704ffffffff 88012a",
    );
    const value = tlv(0x30, every.slice(2));
    expect(read("2.5.29.17", value).alternativeNames).toEqual([
      { kind: "other" },
      { kind: "email" },
      { kind: "x400" },
      { kind: "directory" },
      { kind: "edi" },
      { kind: "ip" },
      { kind: "registered" },
    ]);
  });

  it("keeps a URI as it stands, control characters included", () => {
    const text = "spiffe://td.example/a\u0000.evil\n";
    const value = tlv(0x30, tlv(0x86, ascii(text)));
    expect(read("2.5.29.17", value).alternativeNames).toEqual([{ kind: "uri", text }]);
  });

  it("reads a pathLen, also of a certificate that is no CA", () => {
    expect(read("2.5.29.19", bytes("30060101ff020103"))).toMatchObject({
      isCa: true,
      pathLength: 3,
    });
    expect(read("2.5.29.19", bytes("300602047fffffff"))).toMatchObject({
      isCa: false,
      pathLength: 0x7fffffff,
    });
  });

  it("reads keyUsage bits that are not there as not set", () => {
    expect(read("2.5.29.15", bytes("030100")).keyUsage).toEqual({
      critical: false,
      digitalSignature: false,
      keyCertSign: false,
      cRLSign: false,
    });
    expect(read("2.5.29.15", bytes("03020106"), true).keyUsage).toEqual({
      critical: true,
      digitalSignature: false,
      keyCertSign: true,
      cRLSign: true,
    });
  });

  it("passes over the issuer and serial number of an authority key identifier", () => {
    const value = bytes("300b a1058703010203 82020102");
    expect(read("2.5.29.35", value).authorityKeyId).toBeUndefined();
  });

  it("notes a critical extension that is not processed", () => {
    expect(read("1.2.3.4", bytes("0500"), true).hasUnknownCritical).toBe(true);
    expect(read("1.2.3.4", bytes("0500")).hasUnknownCritical).toBe(false);
    expect(read("2.5.29.32", bytes("3000"), true).hasUnknownCritical).toBe(true);
    expect(read("2.5.29.14", bytes("040101"), true).hasUnknownCritical).toBe(false);
  });
});
