import type { SignatureFormat, VerificationCode } from "@firsthand/core";
import { adding, replacing, without } from "./cases-of-tokens.js";
import { contentDigest } from "./message-signature.js";
import type { SignatureCase } from "./signature-cases.js";
import { goodWit } from "./wpt-cases.js";

const target = "/v1/transfers?dry=1&page=2";
const bearer = ["Authorization", "Bearer access-token"] as const;
const userToken = ["X-User-Token", "user-token"] as const;

/** What can be wrong with the message that a signature is over. */
export function casesOfSignedMessages(format: SignatureFormat): readonly SignatureCase[] {
  const isX509 = format === "svid-signature-1";
  const credential = isX509 ? "Workload-Identity-Certificate" : "Workload-Identity-Token";
  const tag = isX509 ? "x509-svid-workload-to-workload" : "wimse-workload-to-workload";
  const withoutCredential = isX509 ? "certificate_without_signature" : "wit_without_proof";
  return [
    { name: "good", note: "everything is as it should be" },
    {
      name: "good-without-content",
      note: "without content",
      request: { method: "GET", headers: [], body: undefined },
    },
    { name: "good-without-query", note: "without a query", request: { target: "/v1/transfers" } },
    {
      name: "good-empty-query",
      note: "with a query of no characters",
      request: { target: "/v1/transfers?" },
    },
    {
      name: "good-beside-bearer",
      note: "beside a bearer token, which is covered",
      unsigned: (all) => [...all, bearer],
    },
    {
      name: "good-user-token",
      note: "with a covered token header",
      unsigned: (all) => [...all, userToken],
    },
    {
      name: "good-repeated-field",
      note: "a covered field has two lines",
      unsigned: (all) => [...all, ["X-Tenant", "green"]],
    },
    { name: "good-another-label", note: "the label says nothing", label: "anything" },
    {
      name: "good-unknown-parameter",
      note: "an unknown parameter is covered and means nothing",
      parameters: { "x-more": 7 },
    },
    {
      name: "good-beside-gateway",
      note: "a gateway added a signature of its own",
      sent: (request) =>
        adding(["Signature-Input", 'gateway=("@method");created=1;tag="gateway"'])(
          adding(["Signature", "gateway=:AAAA:"])(request),
        ),
    },
    {
      name: "good-white-space",
      note: "a covered value has outer white space",
      sent: replacing("X-Tenant", (value) => ` \t${value} `),
    },
    { name: "replayed", note: "the same request again", after: "good", refuse: "proof_replayed" },
    {
      name: "method-changed",
      note: "another method",
      sent: (request) => ({ ...request, method: "PUT" }),
      refuse: "signature_invalid",
    },
    {
      name: "path-changed",
      note: "sent to another path",
      sent: (request) => ({ ...request, target: target.replace("transfers", "refunds") }),
      refuse: "signature_invalid",
    },
    {
      name: "query-changed",
      note: "another query",
      sent: (request) => ({ ...request, target: target.replace("dry=1", "dry=0") }),
      refuse: "signature_invalid",
    },
    {
      name: "query-removed",
      note: "the query is gone",
      sent: (request) => ({ ...request, target: "/v1/transfers" }),
      refuse: "signature_invalid",
    },
    {
      name: "target-absolute",
      note: "the target is in absolute form",
      sent: (request) => ({ ...request, target: `http://evil.example${target}` }),
      refuse: "target_invalid",
    },
    {
      name: "header-changed",
      note: "a covered header is another",
      sent: replacing("X-Tenant", "red"),
      refuse: "signature_invalid",
    },
    {
      name: "header-removed",
      note: "a covered header is gone",
      sent: without("X-Tenant"),
      refuse: "signature_component_absent",
    },
    {
      name: "header-line-added",
      note: "a covered header got a second line",
      sent: adding(["X-Tenant", "red"]),
      refuse: "signature_invalid",
    },
    {
      name: "header-not-ascii",
      note: "a covered header is not ASCII",
      sent: replacing("X-Tenant", "bl\u00fce"),
      refuse: "header_invalid",
    },
    {
      name: "content-type-changed",
      note: "another content type",
      sent: replacing("Content-Type", "text/plain"),
      refuse: "signature_invalid",
    },
    {
      name: "content-type-twice",
      note: "a second content type",
      sent: adding(["Content-Type", "text/plain"]),
      refuse: "header_duplicate",
    },
    {
      name: "bearer-added",
      note: "a bearer token was added",
      sent: adding(bearer),
      refuse: "signature_component_missing",
    },
    {
      name: "bearer-changed",
      note: "the covered bearer token is another",
      unsigned: (all) => [...all, bearer],
      sent: replacing("Authorization", "Bearer another"),
      refuse: "signature_invalid",
    },
    {
      name: "txn-token-added",
      note: "a transaction token was added",
      sent: adding(["Txn-Token", "txn"]),
      refuse: "signature_component_missing",
    },
    {
      name: "user-token-added",
      note: "a token header was added",
      sent: adding(userToken),
      refuse: "signature_component_missing",
    },
    {
      name: "content-changed",
      note: "other content",
      sent: (request) => ({ ...request, body: Buffer.from('{"amount":9}').toString("base64url") }),
      refuse: "proof_body_mismatch",
    },
    {
      name: "content-removed",
      note: "the content is gone",
      sent: ({ body: _, ...request }) => request,
      refuse: "proof_body_mismatch",
    },
    {
      name: "content-added",
      note: "content was added",
      request: { method: "GET", headers: [], body: undefined },
      sent: (request) => ({ ...request, body: "AAAA" }),
      refuse: "proof_body_unbound",
    },
    {
      name: "digest-removed",
      note: "the digest is gone",
      sent: without("Content-Digest"),
      refuse: "signature_component_absent",
    },
    {
      name: "digest-changed",
      note: "the digest of other content",
      sent: replacing("Content-Digest", contentDigest("{}")),
      refuse: "signature_invalid",
    },
    {
      name: "digest-twice",
      note: "a second digest",
      sent: adding(["Content-Digest", contentDigest("{}")]),
      refuse: "header_duplicate",
    },
    ...(isX509 ? [moreDerived] : []),
    ...digests,
    ...uncoveredTarget[format],
    {
      name: "credential-removed",
      note: "the credential is gone",
      sent: without(credential),
      refuse: "signature_without_credential",
    },
    {
      name: "signature-input-removed",
      note: "Signature-Input is gone",
      sent: without("Signature-Input"),
      refuse: withoutCredential,
    },
    {
      name: "signature-removed",
      note: "Signature is gone",
      sent: without("Signature"),
      refuse: "signature_unpaired",
    },
    {
      name: "tag-of-another",
      note: "the tag is of nobody we know",
      parameters: { tag: "gateway" },
      refuse: "signature_tag_missing",
    },
    {
      name: "tag-missing",
      note: "without a tag",
      parameters: { tag: undefined },
      refuse: "signature_tag_missing",
    },
    {
      name: "tag-in-another-parameter",
      note: "the tag is the value of another parameter",
      parameters: { tag: "gateway", other: tag },
      refuse: "signature_tag_missing",
    },
    {
      name: "beside-svid-proof",
      note: "an SVID-Proof is in the request too",
      sent: adding(["SVID-Proof", "x.y.z"]),
      refuse: "proof_ambiguous",
    },
    {
      name: "beside-wpt",
      note: "a WPT is in the request too",
      sent: adding(["Authorization", "WPT x.y.z"]),
      refuse: "proof_ambiguous",
    },
    isX509
      ? {
          name: "beside-wit",
          note: "a good WIT is in the request too",
          sent: adding(["Workload-Identity-Token", goodWit]),
          refuse: "proof_ambiguous",
        }
      : {
          name: "beside-certificate",
          note: "a certificate is in the request too",
          sent: adding(["Workload-Identity-Certificate", ":AAAA:"]),
          refuse: "proof_ambiguous",
        },
    isX509
      ? {
          name: "certificate-encoding",
          note: "the field is no list",
          sent: replacing(credential, "x"),
          refuse: "signature_malformed",
        }
      : {
          name: "credential-changed",
          note: "the WIT has another signature",
          sent: replacing(credential, (wit) => `${wit.slice(0, -4)}AAAA`),
          refuse: "token_signature_invalid",
        },
  ];
}

/** A signature that leaves out the target; without `@request-target` it is one of -07. */
const uncoveredTarget: Record<SignatureFormat, readonly SignatureCase[]> = {
  "http-signature-07": withoutComponents("signature_component_missing", "@path", "@query"),
  "http-signature-06": withoutComponents("proof_kind_not_accepted", "@request-target"),
  "svid-signature-1": withoutComponents("signature_component_missing", "@path", "@query"),
};

function withoutComponents(
  refuse: VerificationCode,
  ...names: readonly string[]
): readonly SignatureCase[] {
  return [
    ...names.map((name) => ({
      name: `${name.replace("@", "")}-uncovered`,
      note: `${name} is not covered`,
      components: (good: readonly string[]) => good.filter((one) => one !== `"${name}"`),
      refuse,
    })),
    { name: "covers-nothing", note: "an empty list of components", components: () => [], refuse },
  ];
}

const moreDerived: SignatureCase = {
  name: "good-more-derived",
  note: "covers the request target as well as path and query",
  components: (good) => [...good, '"@request-target"'],
};

const digests: readonly SignatureCase[] = [
  ["digest-of-md5", "md5=:AAAA:", "digest_unsupported"],
  [
    "digest-beside-sha-512",
    `${contentDigest('{"amount":1}')}, sha-512=:AAAA:`,
    "digest_unsupported",
  ],
  ["digest-as-text", 'sha-256="x"', "digest_unsupported"],
  ["digest-malformed", "sha-256=:", "signature_malformed"],
  ["digest-key-twice", `sha-256=:AAAA:, ${contentDigest('{"amount":1}')}`, "signature_malformed"],
  ["digest-spare-bits", contentDigest('{"amount":1}').replace("=:", "!:"), "signature_malformed"],
].map(
  ([name = "", value = "", refuse]): SignatureCase => ({
    name,
    note: "the covered Content-Digest is not one sha-256",
    unsigned: (all) => all.map(([field, old]) => [field, field === "Content-Digest" ? value : old]),
    refuse: refuse as "digest_unsupported",
  }),
);
