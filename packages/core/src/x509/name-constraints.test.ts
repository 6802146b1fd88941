import type { GeneralName } from "@peculiar/asn1-x509";
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
  nameConstraints,
  names,
  refusal,
  subjectAltName,
  tlv,
} from "./certificate-fixtures.test-support.js";
import { verifyNameConstraints } from "./name-constraints.js";

type Name = Partial<GeneralName>;

const key = ecKey();
const root = ca("root", { key });
const uri = (text: string): Name => ({ uniformResourceIdentifier: text });
const dns = (text: string): Name => ({ dNSName: text });

function constraintsOf(permitted: Name[], excluded: Name[] = []) {
  const extensions = { constraints: nameConstraints(permitted, excluded) };
  const { nameConstraints: read } = parseCertificate(ca("sub", { key, extensions }).der);
  if (read === undefined) throw new Error("the certificate has no name constraints");
  return read;
}

function certificateOf(...given: Name[]) {
  const extensions = { names: subjectAltName(names(...given), true) };
  return parseCertificate(leaf(root, { key, subject: "", extensions }).der);
}

/** Whether a certificate with this one name may stand below a CA with these constraints. */
function isAllowed(name: Name, permitted: Name[], excluded: Name[] = []): boolean {
  const verify = () =>
    verifyNameConstraints(certificateOf(name), constraintsOf(permitted, excluded));
  try {
    verify();
    return true;
  } catch {
    expect(verify).toThrow(refusal("certificate_name_constrained"));
    return false;
  }
}

describe("constraints on URIs", () => {
  it.each([
    ["spiffe://td.example/web", "td.example"],
    ["spiffe://td.example/web", "TD.Example"],
    ["spiffe://td.example", "td.example"],
    ["spiffe://eu.td.example/web", ".td.example"],
    ["spiffe://a.eu.td.example/web", ".td.example"],
    ["spiffe://td.example/web", ""],
    ["https://user@TD.example:8443?q", "td.example"],
    ["https://td.example#f", "td.example"],
  ])("%s is within %j", (name, range) => {
    expect(isAllowed(uri(name), [uri(range)])).toBe(true);
    expect(isAllowed(uri(name), [], [uri(range)])).toBe(false);
  });

  it.each([
    ["spiffe://eu.td.example/web", "td.example"],
    ["spiffe://td.example/web", ".td.example"],
    ["spiffe://nottd.example/web", ".td.example"],
    ["spiffe://nottd.example/web", "td.example"],
    ["spiffe://td.example.evil/web", "td.example"],
    ["spiffe://evil/td.example", "td.example"],
    ["https://td.example@evil/", "td.example"],
  ])("%s is not within %j", (name, range) => {
    expect(isAllowed(uri(name), [uri(range)])).toBe(false);
    expect(isAllowed(uri(name), [], [uri(range)])).toBe(true);
  });

  it.each([
    "spiffe:///web",
    "urn:td.example",
    "spiffe://10.0.0.1/web",
    "spiffe://[::1]/web",
    "spiffe://td..example/web",
    "spiffe://*.td.example/web",
    "https://a@b@td.example/",
    "//td.example",
  ])("%s has no host that could be compared", (name) => {
    expect(isAllowed(uri(name), [uri("")])).toBe(false);
    expect(isAllowed(uri(name), [], [uri("other.example")])).toBe(false);
  });
});

describe("constraints on DNS names", () => {
  it.each([
    ["td.example", "td.example"],
    ["WEB.td.example", "TD.example"],
    ["web.td.example", ".td.example"],
    ["*.td.example", "td.example"],
    ["td.example", ""],
  ])("%s is within %j", (name, range) => {
    expect(isAllowed(dns(name), [dns(range)])).toBe(true);
    expect(isAllowed(dns(name), [], [dns(range)])).toBe(false);
  });

  it.each([
    ["nottd.example", "td.example"],
    ["td.example", ".td.example"],
    ["td.example.evil", "td.example"],
  ])("%s is not within %j", (name, range) => {
    expect(isAllowed(dns(name), [dns(range)])).toBe(false);
    expect(isAllowed(dns(name), [], [dns(range)])).toBe(true);
  });

  it.each(["admin.td.example", "ADMIN.td.example", ".admin.td.example"])(
    "a wildcard that covers an excluded %s is refused",
    (range) => {
      expect(isAllowed(dns("*.TD.example"), [dns("td.example")], [dns(range)])).toBe(false);
    },
  );

  it.each(["td.example.", "x, URI:spiffe://td.example/admin", "", "td.example\u0000.evil"])(
    "%j is no host that could be compared",
    (name) => {
      expect(isAllowed(dns(name), [dns("")])).toBe(false);
      expect(isAllowed(dns(name), [], [dns("other.example")])).toBe(false);
    },
  );
});

describe("constraints", () => {
  it("take what is excluded out of what is permitted", () => {
    const permitted = [uri(".td.example"), uri("td.example")];
    const excluded = [uri("admin.td.example")];
    expect(isAllowed(uri("spiffe://eu.td.example/web"), permitted, excluded)).toBe(true);
    expect(isAllowed(uri("spiffe://td.example/web"), permitted, excluded)).toBe(true);
    expect(isAllowed(uri("spiffe://admin.td.example/web"), permitted, excluded)).toBe(false);
  });

  it("say nothing about names of other forms", () => {
    expect(isAllowed(uri("spiffe://td.example/web"), [dns("other.example")])).toBe(true);
    expect(isAllowed(dns("web.td.example"), [uri("other.example")])).toBe(true);
    expect(isAllowed({ iPAddress: "10.0.0.1" }, [uri("td.example")])).toBe(true);
  });

  it("hold for every name", () => {
    const certificate = certificateOf(uri("spiffe://td.example/web"), dns("evil.example"));
    const constraints = constraintsOf([dns("td.example")]);
    expect(() => verifyNameConstraints(certificate, constraints)).toThrow(
      refusal("certificate_name_constrained"),
    );
  });

  it.each<[string, Name]>([
    ["an IP address", { iPAddress: "10.0.0.1" }],
    ["a mail address", { rfc822Name: "web@td.example" }],
    ["a registered ID", { registeredID: "1.2.3" }],
  ])("on another form refuse %s, whatever they say", (_, name) => {
    expect(isAllowed(name, [name])).toBe(false);
    expect(isAllowed(name, [], [name])).toBe(false);
  });

  it("on directory names refuse a certificate with a subject", () => {
    const directory = extension(
      "2.5.29.30",
      tlv(0x30, tlv(0xa0, tlv(0x30, tlv(0xa4, bytes("3000"))))),
      true,
    );
    const { nameConstraints: read } = parseCertificate(
      ca("sub", { key, extensions: { directory } }).der,
    );
    if (read === undefined) throw new Error("the certificate has no name constraints");
    const withSubject = parseCertificate(leaf(root, { key }).der);
    expect(() => verifyNameConstraints(withSubject, read)).toThrow(
      refusal("certificate_name_constrained"),
    );
    expect(() =>
      verifyNameConstraints(certificateOf(uri("spiffe://td.example/web")), read),
    ).not.toThrow();
  });
});

describe("the form of constraints", () => {
  const base = tlv(0x86, ascii("td.example"));
  const read = (value: Uint8Array) => {
    const extensions = { constraints: extension("2.5.29.30", value, true) };
    return parseCertificate(ca("sub", { key, extensions }).der).nameConstraints;
  };

  it.each<[string, Uint8Array]>([
    ["a minimum", tlv(0x30, tlv(0xa0, tlv(0x30, base, bytes("800101"))))],
    ["a maximum", tlv(0x30, tlv(0xa1, tlv(0x30, base, bytes("810101"))))],
    ["no base", tlv(0x30, tlv(0xa0, bytes("3000")))],
    ["an empty list", tlv(0x30, bytes("a000"))],
    [
      "excluded before permitted",
      tlv(0x30, tlv(0xa1, tlv(0x30, base)), tlv(0xa0, tlv(0x30, base))),
    ],
    ["a URI with a path", tlv(0x30, tlv(0xa0, tlv(0x30, tlv(0x86, ascii("td.example/web")))))],
    ["a dot alone", tlv(0x30, tlv(0xa0, tlv(0x30, tlv(0x86, ascii(".")))))],
    ["a wildcard", tlv(0x30, tlv(0xa0, tlv(0x30, tlv(0x82, ascii("*.td.example")))))],
  ])("refuses %s", (_, value) => {
    expect(() => read(value)).toThrow(refusal("certificate_malformed"));
  });

  it("accepts both lists", () => {
    const list = tlv(0x30, base);
    const constraint = { kind: "uri", text: "td.example" };
    expect(read(tlv(0x30, tlv(0xa0, list), tlv(0xa1, concat(list, list))))).toEqual({
      permitted: [constraint],
      excluded: [constraint, constraint],
    });
  });
});
