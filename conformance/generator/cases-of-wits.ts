import type { VerificationCode } from "@firsthand/core";
import { T } from "../support/scene.js";
import { type CaseSpec, partnerId, strangerId } from "./case-spec.js";
import { replacing } from "./cases-of-tokens.js";
import { fixedKey } from "./fixed-key.js";
import { type TokenChange, withSpareBits } from "./token.js";
import { impostor, partner } from "./trust-domains.js";
import { callerWitKey, issueWit, type WitChange } from "./wit.js";

/** A case about the WIT-SVID, which is the caller's good one where nothing is said. */
export interface WitCase extends CaseSpec {
  readonly wit?: WitChange;
}

const day = 86_400;
const strangerKey = fixedKey("WIT-SVID of a stranger");
const { publicJwk } = callerWitKey;
/** Enough like a modulus to be weighed and found too light. */
const modulusOf1024Bits = Buffer.alloc(128, 0xa5).toString("base64url");
const numberOf2048Bits = Buffer.alloc(256, 0xa5).toString("base64url");

/** What can be wrong with the WIT-SVID beside a WPT. */
export const casesOfWits: readonly WitCase[] = [
  accepted("unknown-parameter", "an unknown header parameter", { header: { x: 1 } }),
  accepted("unknown-claim", "an unknown claim", { claims: { "https://example.org/x": {} } }),
  accepted("iss", "an iss", { claims: { iss: "https://issuer.example" } }),
  accepted("iat-missing", "no iat", { claims: { iat: undefined } }),
  accepted("iat-in-the-future", "an iat in ten minutes, which limits nothing", {
    claims: { iat: T + 600 },
  }),
  accepted("nbf-past", "an nbf of a minute ago", { claims: { nbf: T - 60 } }),
  accepted("expiry-within-skew", "an exp of 29 seconds ago", { claims: { exp: T - 29 } }),
  accepted("key-p384", "a P-384 key, so the proof is ES384", {
    key: fixedKey("P-384 WIT-SVID of the caller", "P-384"),
  }),
  accepted("federated", "a federated trust domain", { id: partnerId, issuer: partner }),
  {
    ...accepted("caller-not-allowed", "a subject that the policy does not name", {
      id: strangerId,
    }),
    refuse: "caller_forbidden",
  },
  ...headers(),
  ...claims(),
  ...confirmations(),
  {
    name: "wit-of-stranger",
    note: "the WIT is a good one of another workload, and its wth is in the proof",
    wit: { id: strangerId, key: strangerKey },
    signWith: callerWitKey,
    refuse: "token_signature_invalid",
  },
  {
    name: "wit-exchanged",
    note: "beside another good WIT of the same subject and key",
    sent: replacing("Workload-Identity-Token", issueWit({ claims: { jti: "another" } })),
    refuse: "proof_credential_mismatch",
  },
  {
    name: "wit-spelt-differently",
    note: "the WIT's signature got bits that no byte holds after it was proved",
    sent: replacing("Workload-Identity-Token", withSpareBits),
    refuse: "token_encoding_invalid",
  },
  {
    name: "wit-joined",
    note: "the field of the WIT holds two, as a proxy joins repeated fields",
    sent: replacing("Workload-Identity-Token", (wit) => `${wit}, ${wit}`),
    refuse: "header_duplicate",
  },
  {
    name: "wit-as-bearer",
    note: "the WIT is a bearer token, and there is no proof",
    sent: ({ headers: given, ...request }) => ({
      ...request,
      headers: [
        ...given.filter(([name]) => name === "Host"),
        ["Authorization", `Bearer ${issueWit()}`],
      ],
    }),
    refuse: "wit_as_bearer",
  },
];

function headers(): readonly WitCase[] {
  return [
    refused("typ-missing", "no typ", { header: { typ: undefined } }, "token_type_invalid"),
    refused("typ-jwt", "typ JWT", { header: { typ: "JWT" } }, "token_type_invalid"),
    refused("typ-upper-case", "typ WIT+JWT", { header: { typ: "WIT+JWT" } }, "token_type_invalid"),
    refused("alg-none", "alg none", { header: { alg: "none" } }, "token_algorithm_forbidden"),
    refused(
      "alg-eddsa",
      "alg EdDSA, which SPIFFE does not have",
      { header: { alg: "EdDSA" } },
      "token_algorithm_forbidden",
    ),
    refused(
      "alg-of-another-curve",
      "alg ES384, and the authority's key is P-256",
      { header: { alg: "ES384" } },
      "token_algorithm_mismatch",
    ),
    refused("crit", "crit", { header: { crit: ["x"], x: 1 } }, "token_critical_unsupported"),
    refused("kid-missing", "no kid", { header: { kid: undefined } }, "token_key_missing"),
    refused("kid-number", "a number as kid", { header: { kid: 1 } }, "token_key_missing"),
    refused(
      "kid-unknown",
      "a kid that is not in the bundle",
      { header: { kid: "x" } },
      "token_key_unknown",
    ),
    refused(
      "kid-prototype",
      "the kid __proto__",
      { header: { kid: "__proto__" } },
      "token_key_unknown",
    ),
    refused(
      "jwk-of-stranger",
      "its own key in the header, and was signed with it",
      { header: { jwk: strangerKey.publicJwk }, signWith: strangerKey },
      "token_signature_invalid",
    ),
    refused(
      "of-impostor",
      "the kid of the authority, and another authority signed it",
      { signWith: impostor.witKey },
      "token_signature_invalid",
    ),
    refused(
      "foreign",
      "a subject of a federated domain, and was signed in this one",
      { claims: { sub: partnerId } },
      "token_key_unknown",
    ),
    refused(
      "padded",
      "padding at its end",
      { token: (text) => `${text}==` },
      "token_encoding_invalid",
    ),
    refused(
      "member-duplicate",
      "sub twice",
      { claimsText: (json) => json.replace("{", `{"sub":"${strangerId}",`) },
      "token_member_duplicate",
    ),
    refused(
      "too-large",
      "more than 8 KiB",
      { claims: { extra: "a".repeat(6 * 1024) } },
      "token_too_large",
    ),
  ];
}

function claims(): readonly WitCase[] {
  const withSub = (name: string, has: string, sub: string | undefined, code: VerificationCode) =>
    refused(`sub-${name}`, has, { claims: { sub } }, code);
  return [
    withSub("missing", "no sub", undefined, "token_subject_missing"),
    withSub(
      "of-trust-domain",
      "a sub without path",
      "spiffe://td.example",
      "token_subject_invalid",
    ),
    withSub("of-another-scheme", "a wimse: sub", "wimse://td.example/web", "token_subject_invalid"),
    withSub(
      "in-upper-case",
      "its trust domain in upper case",
      "spiffe://TD.example/web",
      "token_subject_invalid",
    ),
    withSub(
      "unknown",
      "a trust domain without a bundle",
      "spiffe://unknown.example/web",
      "trust_domain_unknown",
    ),
    withSub(
      "without-keys",
      "a trust domain whose bundle has no keys",
      "spiffe://empty.example/web",
      "trust_bundle_empty",
    ),
    refused("exp-missing", "no exp", { claims: { exp: undefined } }, "token_expiry_missing"),
    refused("exp-text", "a string as exp", { claims: { exp: "1" } }, "token_claim_invalid"),
    refused(
      "iat-text",
      "a string as iat, beside an nbf",
      { claims: { iat: String(T), nbf: T - 60 } },
      "token_claim_invalid",
    ),
    refused("expired", "an exp of 30 seconds ago", { claims: { exp: T - 30 } }, "token_expired"),
    refused(
      "lifetime",
      "an exp of more than a day",
      { claims: { exp: T + day + 31 } },
      "token_lifetime_exceeded",
    ),
    refused(
      "nbf-future",
      "an nbf in 31 seconds",
      { claims: { nbf: T + 31 } },
      "token_not_yet_valid",
    ),
    refused(
      "aud",
      "an aud, which a WIT-SVID may not have",
      { claims: { aud: ["https://ledger.pay.svc:8443"] } },
      "token_audience_forbidden",
    ),
  ];
}

function confirmations(): readonly WitCase[] {
  const withCnf = (name: string, has: string, cnf: unknown, code: VerificationCode) =>
    refused(`cnf-${name}`, has, { claims: { cnf } }, code);
  const withKey = (name: string, has: string, change: object, code: VerificationCode) =>
    withCnf(name, has, { jwk: { ...publicJwk, alg: "ES256", ...change } }, code);
  const rsa = { kty: "RSA", alg: "PS256", crv: undefined, x: undefined, y: undefined };
  return [
    withCnf("missing", "no cnf", undefined, "confirmation_missing"),
    withCnf("text", "a string as cnf", "key", "confirmation_invalid"),
    withCnf("kid", "a cnf with kid only", { kid: "x" }, "confirmation_invalid"),
    withCnf("jkt", "a cnf with jkt only", { jkt: "x" }, "confirmation_invalid"),
    withKey(
      "private",
      "the private key in cnf",
      { d: callerWitKey.privateJwk.d },
      "confirmation_private",
    ),
    withKey("symmetric", "a symmetric key in cnf", { kty: "oct", k: "AA" }, "confirmation_private"),
    withKey(
      "alg-missing",
      "a cnf key without alg",
      { alg: undefined },
      "confirmation_algorithm_invalid",
    ),
    withKey("alg-hmac", "a cnf key for HS256", { alg: "HS256" }, "confirmation_algorithm_invalid"),
    withKey(
      "alg-of-another-curve",
      "a P-256 cnf key for ES384",
      { alg: "ES384" },
      "confirmation_algorithm_invalid",
    ),
    withKey("alg-eddsa", "a cnf key for EdDSA", { alg: "EdDSA" }, "confirmation_algorithm_invalid"),
    withKey(
      "off-curve",
      "a cnf key that is no point of its curve",
      { x: publicJwk.y },
      "confirmation_invalid",
    ),
    withKey(
      "short",
      "a cnf key with a coordinate of 31 bytes",
      { x: "A".repeat(42) },
      "confirmation_invalid",
    ),
    withKey(
      "another-curve",
      "a cnf key on secp256k1",
      { crv: "secp256k1" },
      "confirmation_invalid",
    ),
    withKey(
      "rsa-1024",
      "an RSA key of 1024 bits in cnf",
      { ...rsa, n: modulusOf1024Bits, e: "AQAB" },
      "confirmation_key_weak",
    ),
    withKey(
      "rsa-exponent",
      "an RSA key with an exponent of 256 bytes in cnf",
      { ...rsa, n: numberOf2048Bits, e: numberOf2048Bits },
      "confirmation_key_weak",
    ),
  ];
}

function accepted(name: string, has: string, wit: WitChange): WitCase {
  return { name: `wit-${name}`, note: `the WIT has ${has}`, wit };
}

function refused(
  name: string,
  has: string,
  change: TokenChange,
  refuse: VerificationCode,
): WitCase {
  return { ...accepted(name, has, change), refuse };
}
