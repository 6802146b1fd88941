import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VerificationError } from "../errors.js";
import type { VerificationCode } from "../refusal-codes.js";
import { parseX509Bundle } from "../trust/parse-trust-bundle.js";
import type { TrustSource } from "../trust/trust-source.js";
import {
  ascii,
  basicConstraints,
  bytes,
  ca,
  ecKey,
  extendedKeyUsage,
  hour,
  type Issuer,
  identifier,
  keyUsage,
  leaf,
  names,
  now,
  purpose,
  refusal,
  replaced,
  rsaKey,
  type Spec,
  subjectAltName,
  tlv,
  uris,
  usage,
  webId,
} from "./certificate-fixtures.test-support.js";
import { validateX509Svid } from "./x509-svid.js";

const root = ca("root");
const secondRoot = ca("root");
const flatRoot = ca("flat", {
  extensions: {
    basicConstraints: basicConstraints(true, 0),
    keyUsage: keyUsage(usage.keyCertSign),
  },
});
const partnerRoot = ca("partner");
const key = ecKey();
const check = { now, skewSeconds: 30 };

const bundles = new Map([
  [
    "td.example",
    await parseX509Bundle("td.example", Buffer.concat([root.der, secondRoot.der, flatRoot.der])),
  ],
  ["partner.example", await parseX509Bundle("partner.example", partnerRoot.der)],
  ["empty.example", await parseX509Bundle("empty.example", new Uint8Array())],
]);
const trust: TrustSource = { trustBundle: (trustDomain) => bundles.get(trustDomain) };

const validate = (...chain: readonly Issuer[]) =>
  validateX509Svid(
    chain.map(({ der }) => der),
    trust,
    check,
  );
const web = (spec: Spec = {}) => [leaf(root, { key, ...spec })];
const withNames = (value: Uint8Array) => web({ extensions: { names: subjectAltName(value) } });
const withUris = (...ids: readonly string[]) => withNames(uris(...ids));
const withKeyUsage = (flags: number) => web({ extensions: { keyUsage: keyUsage(flags) } });
const withSpki = (spki: Uint8Array) => {
  const own = key.publicKey.export({ type: "spki", format: "der" });
  return web({ changeBytes: replaced(new Uint8Array(own), spki) });
};
const spkiOf = ({ publicKey }: ReturnType<typeof ecKey>) =>
  new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
const withSerial = (octets: string) =>
  web({ changeBytes: replaced(bytes("02080102030405060708"), tlv(0x02, bytes(octets))) });
const explicitP256 = tlv(
  0x30,
  tlv(
    0x30,
    bytes("06072a8648ce3d0201"),
    tlv(0x30, bytes("020101"), tlv(0x30, bytes("06072a8648ce3d0101 020103"))),
  ),
  bytes(`034200 04${"01".repeat(64)}`),
);

function below(issuer: Issuer, spec: Spec = {}): Issuer[] {
  return [leaf(issuer, { key, ...spec }), issuer];
}

const neighbour = leaf(root, {
  subject: "neighbour",
  extensions: { names: subjectAltName(uris("spiffe://td.example/ns/neighbour")) },
});
const expiredNeighbour = leaf(root, { subject: "neighbour", notAfter: now - 1 });
const asAdmin = { extensions: { names: subjectAltName(uris("spiffe://td.example/ns/admin")) } };
const cycleKey = ecKey();
const cycleA = ca("A", { key, issuer: { subject: "B", key: cycleKey } });
const cycleB = ca("B", { key: cycleKey, issuer: { subject: "A", key } });

/** The cases of the shared catalogue: the certificates that are presented, and what comes of it. */
const catalogue: readonly (readonly [
  id: string,
  what: string,
  code: VerificationCode | "accept",
  chain: readonly Issuer[],
])[] = [
  ["XV-001", "accepts a leaf of the authority", "accept", web()],
  ["XV-002", "accepts a leaf of an intermediate", "accept", below(ca("middle", { issuer: root }))],
  [
    "XV-005",
    "accepts a leaf without extended key usage",
    "accept",
    web({ extensions: { extendedKeyUsage: undefined } }),
  ],
  ["XV-007", "accepts a leaf of the second authority", "accept", [leaf(secondRoot, { key })]],
  ["XV-008", "accepts a P-384 leaf", "accept", web({ key: ecKey("P-384") })],
  ["XV-008", "accepts an RSA leaf", "accept", web({ key: rsaKey() })],
  [
    "XV-011",
    "accepts pathLen 0 directly above the leaf",
    "accept",
    below(
      ca("middle", { issuer: root, extensions: { basicConstraints: basicConstraints(true, 0) } }),
    ),
  ],
  [
    "XV-018",
    "refuses a leaf without URI SAN",
    "certificate_uri_missing",
    withNames(names({ dNSName: "web.td.example" })),
  ],
  [
    "XV-018",
    "refuses a leaf without SAN",
    "certificate_uri_missing",
    web({ extensions: { names: undefined } }),
  ],
  [
    "XV-019",
    "refuses a second SPIFFE ID",
    "certificate_uri_multiple",
    withUris(webId, "spiffe://td.example/ns/admin/sa/root"),
  ],
  [
    "XV-020",
    "refuses a second URI of another scheme",
    "certificate_uri_multiple",
    withUris(webId, "https://td.example/"),
  ],
  ["XV-021", "refuses the same URI twice", "certificate_uri_multiple", withUris(webId, webId)],
  [
    "XV-022",
    "refuses an https URI",
    "certificate_id_invalid",
    withUris("https://td.example/ns/pay/sa/web"),
  ],
  [
    "XV-023",
    "refuses a SPIFFE ID in a dNSName",
    "certificate_uri_missing",
    withNames(names({ dNSName: webId })),
  ],
  [
    "XV-024",
    "refuses a SPIFFE ID in an rfc822Name",
    "certificate_uri_missing",
    withNames(names({ rfc822Name: webId })),
  ],
  [
    "XV-025",
    "refuses a URI written into a dNSName",
    "certificate_uri_missing",
    withNames(names({ dNSName: "x, URI:spiffe://td.example/admin" })),
  ],
  [
    "XV-026",
    "refuses a delimiter within the URI",
    "certificate_id_invalid",
    withUris("spiffe://td.example/a, URI:spiffe://td.example/admin"),
  ],
  [
    "XV-027",
    "refuses NUL within the URI",
    "certificate_id_invalid",
    withNames(tlv(0x30, tlv(0x86, ascii("spiffe://td.example/a\u0000.evil")))),
  ],
  [
    "XV-030",
    "refuses a leaf that is a CA",
    "certificate_is_ca",
    web({ extensions: { basicConstraints: basicConstraints(true) } }),
  ],
  [
    "XV-031",
    "refuses a leaf with keyCertSign",
    "certificate_key_usage_invalid",
    withKeyUsage(usage.digitalSignature | usage.keyCertSign),
  ],
  [
    "XV-032",
    "refuses a leaf with cRLSign",
    "certificate_key_usage_invalid",
    withKeyUsage(usage.digitalSignature | usage.cRLSign),
  ],
  [
    "XV-033",
    "refuses a leaf without digitalSignature",
    "certificate_key_usage_invalid",
    withKeyUsage(usage.keyEncipherment),
  ],
  [
    "XV-035",
    "refuses a leaf for mail",
    "certificate_extended_key_usage_invalid",
    web({ extensions: { extendedKeyUsage: extendedKeyUsage(purpose.emailProtection) } }),
  ],
  [
    "XV-036",
    "refuses the ID of a trust domain",
    "certificate_id_invalid",
    withUris("spiffe://td.example"),
  ],
  [
    "XV-039",
    "refuses an expired intermediate",
    "certificate_expired",
    below(ca("middle", { issuer: root, notAfter: now - 1 })),
  ],
  [
    "XV-042",
    "refuses a leaf of another CA of the same name",
    "certificate_untrusted",
    [leaf(ca("root"), { key })],
  ],
  [
    "XV-046",
    "refuses an intermediate that is no CA",
    "certificate_issuer_not_ca",
    below(
      ca("middle", {
        issuer: root,
        extensions: { basicConstraints: basicConstraints(false), keyUsage: undefined },
      }),
    ),
  ],
  [
    "XV-047",
    "refuses a leaf that a neighbour's leaf signed",
    "certificate_issuer_not_ca",
    [...below(neighbour, asAdmin), root],
  ],
  [
    "XV-048",
    "refuses the same when the neighbour's leaf has expired",
    "certificate_issuer_not_ca",
    [...below(expiredNeighbour, asAdmin), root],
  ],
  [
    "XV-050",
    "refuses an intermediate below pathLen 0",
    "certificate_path_length_exceeded",
    below(ca("middle", { issuer: flatRoot })),
  ],
  [
    "XV-052",
    "refuses a cycle of two CAs",
    "certificate_untrusted",
    [leaf(cycleA, { key }), cycleA, cycleB, cycleA],
  ],
  [
    "XV-053",
    "refuses 64 intermediates of one name and key",
    "certificate_chain_too_long",
    [
      ...web(),
      ...Array.from({ length: 64 }, () => ca("root", { key, issuer: { subject: "root", key } })),
    ],
  ],
  ["XV-057", "refuses an RSA-1024 leaf", "certificate_key_weak", withSpki(spkiOf(rsaKey(1024)))],
  [
    "XV-060",
    "refuses secp256k1",
    "certificate_algorithm_unsupported",
    withSpki(spkiOf(ecKey("secp256k1"))),
  ],
  [
    "XV-060",
    "refuses P-224",
    "certificate_algorithm_unsupported",
    withSpki(spkiOf(ecKey("secp224r1"))),
  ],
  [
    "XV-060",
    "refuses explicit curve parameters",
    "certificate_algorithm_unsupported",
    withSpki(explicitP256),
  ],
  [
    "XV-062",
    "refuses two signature algorithms",
    "certificate_algorithm_mismatch",
    web({ outerAlgorithm: identifier({ oid: "1.2.840.10045.4.3.3" }) }),
  ],
  [
    "XV-067",
    "refuses a trust domain without bundle",
    "trust_domain_unknown",
    withUris("spiffe://unknown.example/x"),
  ],
  [
    "XV-068",
    "refuses a name of another trust domain",
    "certificate_untrusted",
    withUris("spiffe://partner.example/ns/pay/sa/web"),
  ],
  [
    "XV-069",
    "refuses 10,000 names",
    "certificate_too_large",
    withNames(
      tlv(
        0x30,
        ...Array.from({ length: 10_000 }, (_, at) => tlv(0x82, ascii(`n${at}.td.example`))),
      ),
    ),
  ],
  ["XV-070", "refuses serial number 0", "certificate_malformed", withSerial("00")],
  ["XV-070", "refuses a negative serial number", "certificate_malformed", withSerial("ff")],
  [
    "XV-070",
    "refuses a serial number of 21 octets",
    "certificate_malformed",
    withSerial("01".repeat(21)),
  ],
];

describe("validateX509Svid", () => {
  it.each(catalogue)("%s %s", async (_id, _what, code, chain) => {
    const outcome = validate(...chain);
    if (code === "accept") {
      await expect(outcome).resolves.toMatchObject({ expiresAt: now + hour });
    } else {
      await expect(outcome).rejects.toEqual(refusal(code));
    }
  });

  it("covers the X.509-SVID cases of the shared catalogue", ({ skip }) => {
    const path = fileURLToPath(
      new URL("../../../../../shared/vectors/attacks.json", import.meta.url),
    );
    const isMissing = !existsSync(path);
    if (isMissing && process.env["CI"] === undefined) skip("the shared vectors are missing");
    const { cases } = JSON.parse(readFileSync(path, "utf8")) as {
      cases: { id: string; area: string; expected: string }[];
    };
    const outcomes = new Map(catalogue.map(([id, , code]) => [id, code === "accept"]));
    const expected = cases.filter(({ area }) => area === "x509-svid");
    expect(outcomes).toEqual(new Map(expected.map((row) => [row.id, row.expected === "accept"])));
  });

  it("says who it is, with which key, how long and by whose word", async () => {
    const [svid] = web() as [Issuer];
    const validated = await validate(svid);
    expect(validated).toMatchObject({
      notBefore: now - hour,
      expiresAt: now + hour,
      thumbprint: createHash("sha256").update(svid.der).digest("base64url"),
      key: { shape: { kind: "ec", curve: "P-256" } },
      certificate: { serialNumber: "0102030405060708" },
    });
    expect(validated.id.toString()).toBe(webId);
    expect(validated.bundle).toBe(bundles.get("td.example"));
    expect(Object.isFrozen(validated)).toBe(true);
  });

  it("refuses a trust domain whose bundle has no X.509 authority", async () => {
    await expect(validate(...withUris("spiffe://empty.example/web"))).rejects.toEqual(
      refusal("trust_bundle_empty"),
    );
  });

  it("accepts each trust domain from its own authorities only", async () => {
    const partner = { names: subjectAltName(uris("spiffe://partner.example/web")) };
    const svid = await validate(leaf(partnerRoot, { extensions: partner }));
    expect(svid.id.trustDomain).toBe("partner.example");
    await expect(validate(leaf(partnerRoot))).rejects.toEqual(refusal("certificate_untrusted"));
  });

  it("refuses a leaf key off its curve though the authority signed it", async () => {
    const algorithm = bytes("301306072a8648ce3d020106082a8648ce3d030107");
    const spki = tlv(0x30, algorithm, bytes(`034200 04${"01".repeat(64)}`));
    await expect(validate(...withSpki(spki))).rejects.toEqual(refusal("certificate_malformed"));
  });
});

describe("the limits of a chain", () => {
  const padded = (size: number) => {
    const withPadding = (length: number) =>
      withNames(tlv(0x30, tlv(0x86, ascii(webId)), tlv(0x81, new Uint8Array(length))));
    const rough = (withPadding(size - 1000)[0] as Issuer).der.length;
    return withPadding(size - 1000 + (size - rough));
  };

  it("refuses an empty chain", async () => {
    await expect(validate()).rejects.toEqual(refusal("certificate_chain_empty"));
  });

  it("counts certificates before bytes, and both before it reads anything", async () => {
    const junk = { ...root, der: new Uint8Array(3000) };
    const chain = (length: number) => Array.from({ length }, () => junk);
    await expect(validate(...chain(5))).rejects.toEqual(refusal("certificate_chain_too_long"));
    await expect(validate(...chain(4))).rejects.toEqual(refusal("certificate_too_large"));
    await expect(validate(...chain(2))).rejects.toEqual(refusal("certificate_malformed"));
  });

  it("accepts a chain of about 8 KiB and refuses one above it", async () => {
    const [small] = padded(8180) as [Issuer];
    const [large] = padded(8210) as [Issuer];
    expect(small.der.length).toBeLessThanOrEqual(8192);
    expect(large.der.length).toBeGreaterThan(8192);
    await expect(validate(small)).resolves.toBeDefined();
    await expect(validate(large)).rejects.toEqual(refusal("certificate_too_large"));
  });

  it("refuses a malformed issuer even where the leaf would not need it", async () => {
    const junk = { ...root, der: bytes("3000") };
    await expect(validate(...web(), junk)).rejects.toEqual(refusal("certificate_malformed"));
  });
});

describe("any bytes", () => {
  const isRefused = async (...chain: readonly Uint8Array[]) => {
    try {
      await validateX509Svid(chain, trust, check);
      return false;
    } catch (error) {
      return error instanceof VerificationError;
    }
  };

  it("refuses a leaf with any one octet changed, dropped or put in", async () => {
    const [{ der }] = web() as [Issuer];
    expect(await isRefused(der)).toBe(false);
    const edits = ["change", "drop", "insert"] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(der.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom(...edits),
        (at, mask, edit) => {
          const octet = (der[at] as number) ^ mask;
          const inserted = edit === "drop" ? [] : [octet];
          const rest = der.slice(edit === "insert" ? at : at + 1);
          return isRefused(Uint8Array.of(...der.slice(0, at), ...inserted, ...rest));
        },
      ),
      { numRuns: 1500 },
    );
  });

  it("refuses a leaf with any one bit of any octet changed", async () => {
    const [{ der }] = web() as [Issuer];
    for (let at = 0; at < der.length; at++) {
      const changed = der.slice();
      changed[at] = (der[at] as number) ^ (1 << (at % 8));
      expect(await isRefused(changed), `octet ${at}`).toBe(true);
    }
  });

  it("refuses random bytes with a VerificationError and nothing else", async () => {
    const random = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(random, (chain) => isRefused(...chain)),
      { numRuns: 1000 },
    );
  });
});
