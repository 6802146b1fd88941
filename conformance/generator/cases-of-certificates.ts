import type { CertificateTemplate } from "@firsthand/testing";
import { callerId, T } from "../support/scene.js";
import { type CaseSpec, partnerId, strangerId } from "./case-spec.js";
import { certify, type FixedCertificate } from "./certificate.js";
import { fixedKey } from "./fixed-key.js";
import { authorityTemplate, domain, impostor, leafTemplate, partner } from "./trust-domains.js";

/** A case about the X.509-SVID; by default the chain is the good leaf and the intermediate. */
export interface CertificateCase extends CaseSpec {
  readonly chain?: readonly FixedCertificate[];
  /** By default the caller. */
  readonly id?: string;
}

const { root, intermediate } = domain;
const callerKey = fixedKey("X.509-SVID of the caller");
const emailProtection = "1.3.6.1.5.5.7.3.4";
const clientAuth = "1.3.6.1.5.5.7.3.2";
const unknownExtension = {
  oid: "1.3.6.1.4.1.55555.1",
  critical: true,
  value: Uint8Array.of(0x05, 0x00),
};
const keyUsageExtension = {
  oid: "2.5.29.15",
  critical: true,
  value: Uint8Array.of(0x03, 0x02, 0x07, 0x80),
};

export const callerLeaf = leaf();

/** What can be wrong with the certificates of an SVID-Proof. */
export const casesOfCertificates: readonly CertificateCase[] = [
  { name: "chain-of-one", note: "the root itself issued the leaf", chain: [leaf({}, root)] },
  {
    name: "key-p384",
    note: "the key of the leaf is P-384, so the proof is ES384",
    chain: [leaf({}, intermediate, fixedKey("P-384 of the caller", "P-384")), intermediate],
  },
  {
    name: "key-p384-alg-es256",
    note: "the key of the leaf is P-384, and alg is ES256",
    chain: [leaf({}, intermediate, fixedKey("P-384 of the caller", "P-384")), intermediate],
    header: { alg: "ES256" },
    refuse: "token_algorithm_mismatch",
  },
  {
    name: "extended-key-usage-none",
    note: "the leaf has no extended key usage",
    chain: [leaf({ extendedKeyUsage: undefined }), intermediate],
  },
  {
    name: "dns-name-beside",
    note: "the leaf has a DNS name beside its URI",
    chain: [leaf({ names: { uris: [callerId], dnsNames: ["web.pay.svc"] } }), intermediate],
  },
  {
    name: "federated",
    note: "the caller is of a federated trust domain",
    id: partnerId,
    chain: [
      certify(leafTemplate(partnerId), callerKey, partner.intermediate),
      partner.intermediate,
    ],
  },
  {
    name: "caller-not-allowed",
    note: "a workload that the policy does not name",
    id: strangerId,
    chain: [certify(leafTemplate(strangerId), callerKey, intermediate), intermediate],
    refuse: "caller_forbidden",
  },
  ...casesOfX5c(),
  ...casesOfLeaves(),
  ...casesOfPaths(),
];

function casesOfX5c(): readonly CertificateCase[] {
  const x5c = [callerLeaf, intermediate].map(({ der }) => Buffer.from(der).toString("base64"));
  const [first = ""] = x5c;
  const der = Buffer.from(callerLeaf.der);
  const withLeaf = (bytes: Uint8Array) => ({
    x5c: [Buffer.from(bytes).toString("base64"), ...x5c.slice(1)],
  });
  return [
    refusedHeader("x5c-missing", "x5c is absent", { x5c: undefined }, "token_malformed"),
    refusedHeader("x5c-text", "x5c is a string", { x5c: first }, "token_malformed"),
    refusedHeader("x5c-number", "x5c holds a number", { x5c: [...x5c, 1] }, "token_malformed"),
    refusedHeader("x5c-empty", "x5c is empty", { x5c: [] }, "certificate_chain_empty"),
    refusedHeader(
      "x5c-base64url",
      "the leaf in x5c is in base64url",
      { x5c: [der.toString("base64url"), ...x5c.slice(1)] },
      "token_encoding_invalid",
    ),
    refusedHeader(
      "x5c-five",
      "x5c has five certificates",
      { x5c: [...x5c, x5c[1], x5c[1], x5c[1]] },
      "certificate_chain_too_long",
    ),
    refusedHeader(
      "x5c-twelve",
      "x5c has twelve entries",
      { x5c: [...x5c, ...Array.from({ length: 10 }, () => "MAA=")] },
      "certificate_chain_too_long",
    ),
    refusedHeader(
      "x5c-trailing-byte",
      "there is a byte after the leaf",
      withLeaf(Buffer.concat([der, Buffer.alloc(1)])),
      "certificate_trailing_data",
    ),
    refusedHeader(
      "x5c-truncated",
      "the leaf lacks its last byte",
      withLeaf(der.subarray(0, -1)),
      "certificate_malformed",
    ),
    refusedHeader(
      "x5c-signature-bit",
      "the last bit of the leaf, in its signature, is the other one",
      withLeaf(callerLeaf.der.with(-1, (callerLeaf.der.at(-1) ?? 0) ^ 1)),
      "certificate_signature_invalid",
    ),
    refusedHeader(
      "header-kid",
      "the header has kid, which this profile does not have",
      { kid: "1" },
      "token_header_forbidden",
    ),
    refusedHeader(
      "header-jwk",
      "the header has a key beside the certificates",
      { jwk: callerKey.publicJwk },
      "token_header_forbidden",
    ),
  ];
}

function casesOfLeaves(): readonly CertificateCase[] {
  const id = callerId;
  return [
    refusedLeaf("uri-missing", "no URI", { names: {} }, "certificate_uri_missing"),
    refusedLeaf(
      "uri-as-dns-name",
      "the SPIFFE ID as a DNS name",
      { names: { dnsNames: [id] } },
      "certificate_uri_missing",
    ),
    refusedLeaf(
      "uri-inside-dns-name",
      "a DNS name that looks like a URI in OpenSSL's text form",
      { names: { dnsNames: [`x, URI:${id}`] } },
      "certificate_uri_missing",
    ),
    refusedLeaf(
      "uri-twice",
      "its URI twice",
      { names: { uris: [id, id] } },
      "certificate_uri_multiple",
    ),
    refusedLeaf(
      "uri-second",
      "a second URI of another scheme",
      { names: { uris: [id, "https://td.example/"] } },
      "certificate_uri_multiple",
    ),
    refusedLeaf(
      "uri-of-another-scheme",
      "a URI that is no SPIFFE ID",
      { names: { uris: [id.replace("spiffe:", "https:")] } },
      "certificate_id_invalid",
    ),
    refusedLeaf(
      "uri-without-path",
      "the SPIFFE ID of the trust domain",
      { names: { uris: ["spiffe://td.example"] } },
      "certificate_id_invalid",
    ),
    refusedLeaf(
      "uri-with-nul",
      "a NUL in its SPIFFE ID",
      { names: { uris: [`${id}\0.example`] } },
      "certificate_id_invalid",
    ),
    refusedLeaf("is-ca", "cA set", { basicConstraints: { ca: true } }, "certificate_is_ca"),
    refusedLeaf(
      "key-usage-missing",
      "no key usage",
      { keyUsage: undefined },
      "certificate_key_usage_invalid",
    ),
    refusedLeaf(
      "key-usage-without-signature",
      "a key usage without digitalSignature",
      { keyUsage: ["keyEncipherment"] },
      "certificate_key_usage_invalid",
    ),
    refusedLeaf(
      "key-usage-cert-sign",
      "keyCertSign in its key usage",
      { keyUsage: ["digitalSignature", "keyCertSign"] },
      "certificate_key_usage_invalid",
    ),
    refusedLeaf(
      "key-usage-crl-sign",
      "cRLSign in its key usage",
      { keyUsage: ["digitalSignature", "cRLSign"] },
      "certificate_key_usage_invalid",
    ),
    refusedLeaf(
      "purpose-email",
      "only email protection as its purpose",
      { extendedKeyUsage: [emailProtection] },
      "certificate_extended_key_usage_invalid",
    ),
    refusedLeaf(
      "purpose-client-only",
      "only client authentication as its purpose",
      { extendedKeyUsage: [clientAuth] },
      "certificate_extended_key_usage_invalid",
    ),
    refusedLeaf(
      "expired",
      "a notAfter of one second ago",
      { notAfter: T - 1 },
      "certificate_expired",
    ),
    refusedLeaf(
      "not-yet-valid",
      "a notBefore in 31 seconds",
      { notBefore: T + 31 },
      "certificate_not_yet_valid",
    ),
    refusedLeaf(
      "extension-critical",
      "an unknown critical extension",
      { extraExtensions: [unknownExtension] },
      "certificate_extension_unsupported",
    ),
    refusedLeaf(
      "extension-duplicate",
      "its key usage twice",
      { extraExtensions: [keyUsageExtension] },
      "certificate_extension_duplicate",
    ),
    refusedLeaf("version-one", "version 1", { version: 1 }, "certificate_version_invalid"),
    refusedLeaf(
      "serial-zero",
      "serial number 0",
      { serialNumber: Uint8Array.of(0) },
      "certificate_malformed",
    ),
    refusedLeaf(
      "algorithms-differ",
      "another signature algorithm inside than outside",
      { innerSignatureAlgorithm: "1.2.840.10045.4.3.3" },
      "certificate_algorithm_mismatch",
    ),
  ];
}

function casesOfPaths(): readonly CertificateCase[] {
  const neighbourId = "spiffe://td.example/ns/pay/sa/neighbour";
  const neighbour = certify(
    { ...leafTemplate(neighbourId), subject: "neighbour" },
    fixedKey("X.509-SVID of the neighbour"),
    intermediate,
  );
  const namesake = authority("namesake", { subject: intermediate.subject });
  const first = authority("first", { basicConstraints: { ca: true, pathLength: 0 } });
  const second = authority("second", {}, first);
  const below = (issuer: FixedCertificate) => [leaf({}, issuer), issuer];
  return [
    refusedPath("intermediate-missing", "the intermediate is missing", [callerLeaf]),
    refusedPath("self-signed", "the leaf signed itself", [
      certify(leafTemplate(callerId), callerKey),
    ]),
    refusedPath(
      "of-impostor",
      "authorities of the same names issued it",
      below(impostor.intermediate),
    ),
    refusedPath("foreign", "the authority of one trust domain signed for another", [
      certify(leafTemplate(partnerId), callerKey, intermediate),
      intermediate,
    ]),
    refusedPath("in-circle", "two authorities vouch for each other, and no root does", circle()),
    refusedPath("of-namesake", "an authority of the intermediate's name signed the leaf", [
      leaf({}, namesake),
      intermediate,
    ]),
    {
      ...refusedPath("unknown-domain", "of a trust domain without a bundle", [
        certify(leafTemplate("spiffe://unknown.example/web"), callerKey, intermediate),
        intermediate,
      ]),
      refuse: "trust_domain_unknown",
    },
    {
      ...refusedPath("empty-bundle", "of a trust domain whose bundle has no keys", [
        certify(leafTemplate("spiffe://empty.example/web"), callerKey, intermediate),
        intermediate,
      ]),
      refuse: "trust_bundle_empty",
    },
    {
      ...refusedPath("reversed", "the intermediate comes first", [intermediate, callerLeaf]),
      refuse: "certificate_id_invalid",
    },
    {
      ...refusedPath("of-neighbour", "another workload issued it with its own leaf", [
        leaf({}, neighbour),
        neighbour,
        intermediate,
      ]),
      refuse: "certificate_issuer_not_ca",
    },
    {
      ...refusedPath("of-no-ca", "the intermediate is no CA", [
        ...below(authority("no ca", { basicConstraints: { ca: false }, keyUsage: undefined })),
      ]),
      refuse: "certificate_issuer_not_ca",
    },
    {
      ...refusedPath("of-no-signer", "the intermediate may not sign certificates", [
        ...below(authority("no signer", { keyUsage: ["digitalSignature", "cRLSign"] })),
      ]),
      refuse: "certificate_issuer_not_ca",
    },
    {
      ...refusedPath("of-expired", "the intermediate has expired", [
        ...below(authority("expired", { notAfter: T - 1 })),
      ]),
      refuse: "certificate_expired",
    },
    {
      ...refusedPath("of-not-yet-valid", "the intermediate is not valid yet", [
        ...below(authority("not yet valid", { notBefore: T + 31 })),
      ]),
      refuse: "certificate_not_yet_valid",
    },
    {
      ...refusedPath("of-critical", "the intermediate has an unknown critical extension", [
        ...below(authority("critical", { extraExtensions: [unknownExtension] })),
      ]),
      refuse: "certificate_extension_unsupported",
    },
    {
      ...refusedPath("too-deep", "one intermediate more than the path length allows", [
        leaf({}, second),
        second,
        first,
      ]),
      refuse: "certificate_path_length_exceeded",
    },
    {
      ...refusedPath("name-constrained", "the intermediate may only name another trust domain", [
        ...below(
          authority("constrained", {
            nameConstraints: { permitted: { uris: ["another.example"] } },
          }),
        ),
      ]),
      refuse: "certificate_name_constrained",
    },
  ];
}

function leaf(
  deviation: Partial<CertificateTemplate> = {},
  issuer: FixedCertificate = intermediate,
  key = callerKey,
): FixedCertificate {
  return certify({ ...leafTemplate(callerId), ...deviation }, key, issuer);
}

function authority(
  role: string,
  deviation: Partial<CertificateTemplate>,
  issuer: FixedCertificate = root,
): FixedCertificate {
  const template = { ...authorityTemplate(domain.name, `${role} intermediate`), ...deviation };
  return certify(template, fixedKey(`${role} intermediate of ${domain.name}`), issuer);
}

function circle(): readonly FixedCertificate[] {
  const template = authorityTemplate(domain.name, "circle");
  const start = { subject: template.subject, key: fixedKey("circle of td.example") };
  const other = certify(
    authorityTemplate(domain.name, "other half of the circle"),
    fixedKey("other half of the circle of td.example"),
    start,
  );
  return [leaf({}, other), other, certify(template, start.key, other)];
}

function refusedHeader(
  name: string,
  note: string,
  header: CaseSpec["header"] & {},
  refuse: CaseSpec["refuse"] & {},
): CertificateCase {
  return { name, note, header, refuse };
}

function refusedLeaf(
  name: string,
  has: string,
  deviation: Partial<CertificateTemplate>,
  refuse: CaseSpec["refuse"] & {},
): CertificateCase {
  const chain = [leaf(deviation), intermediate];
  return { name: `leaf-${name}`, note: `the leaf has ${has}`, chain, refuse };
}

function refusedPath(
  name: string,
  note: string,
  chain: readonly FixedCertificate[],
): CertificateCase {
  return { name: `path-${name}`, note, chain, refuse: "certificate_untrusted" };
}
