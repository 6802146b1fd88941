import type { CaseSpec, ProfileNames } from "./case-spec.js";
import { fixedKey } from "./fixed-key.js";
import { encode, withSpareBits } from "./token.js";

/** What can be wrong with the form of a proof of any profile. */
export function casesOfForm({ token }: ProfileNames): readonly CaseSpec[] {
  return [
    {
      name: "typ-missing",
      note: "typ is absent",
      header: { typ: undefined },
      refuse: "token_type_invalid",
    },
    {
      name: "typ-upper-case",
      note: "typ is in upper case",
      header: { typ: `${token}+jwt`.toUpperCase() },
      refuse: "token_type_invalid",
    },
    {
      name: "typ-media-type",
      note: "typ has the prefix application/",
      header: { typ: `application/${token}+jwt` },
      refuse: "token_type_invalid",
    },
    {
      name: "typ-of-the-other-profile",
      note: "typ is that of the other kind of proof",
      header: { typ: token === "wpt" ? "svid-proof+jwt" : "wpt+jwt" },
      refuse: "token_type_invalid",
    },
    {
      name: "alg-missing",
      note: "alg is absent",
      header: { alg: undefined },
      refuse: "token_malformed",
    },
    {
      name: "alg-array",
      note: "alg is an array",
      header: { alg: ["ES256"] },
      refuse: "token_malformed",
    },
    {
      name: "alg-none",
      note: "alg is none",
      header: { alg: "none" },
      refuse: "token_algorithm_forbidden",
    },
    {
      name: "alg-hmac",
      note: "alg is HS256",
      header: { alg: "HS256" },
      refuse: "token_algorithm_forbidden",
    },
    {
      name: "alg-es512",
      note: "alg is ES512, which has to be enabled",
      header: { alg: "ES512" },
      refuse: "token_algorithm_forbidden",
    },
    {
      name: "alg-of-another-curve",
      note: "alg is ES384, and the key is P-256",
      header: { alg: "ES384" },
      refuse: "token_algorithm_mismatch",
    },
    {
      name: "crit",
      note: "crit names an extension",
      header: { crit: ["b64"], b64: true },
      refuse: "token_critical_unsupported",
    },
    {
      name: "crit-empty",
      note: "crit is an empty list",
      header: { crit: [] },
      refuse: "token_critical_unsupported",
    },
    {
      name: "b64-false",
      note: "b64 is false, without crit",
      header: { b64: false },
      refuse: "token_header_forbidden",
    },
    {
      name: "zip",
      note: "zip asks for decompression",
      header: { zip: "DEF" },
      refuse: "token_header_forbidden",
    },
    {
      name: "segments-two",
      note: "the signature is missing, with its dot",
      token: (text) => text.slice(0, text.lastIndexOf(".")),
      refuse: "token_malformed",
    },
    {
      name: "segments-four",
      note: "there is a fourth segment",
      token: (text) => `${text}.AA`,
      refuse: "token_malformed",
    },
    {
      name: "segments-five",
      note: "there are five segments, as in a JWE",
      token: (text) => `${text}.AA.AA`,
      refuse: "token_serialization",
    },
    {
      name: "signature-empty",
      note: "the signature is empty",
      signature: () => new Uint8Array(),
      refuse: "token_malformed",
    },
    {
      name: "header-padded",
      note: "the header segment has padding, and is signed with it",
      segments: (header, claims) => [`${header}=`, claims],
      refuse: "token_encoding_invalid",
    },
    {
      name: "claims-padded",
      note: "the claims segment has padding, and is signed with it",
      segments: (header, claims) => [header, `${claims}=`],
      refuse: "token_encoding_invalid",
    },
    {
      name: "signature-padded",
      note: "the signature has padding",
      token: (text) => `${text}==`,
      refuse: "token_encoding_invalid",
    },
    {
      name: "claims-standard-alphabet",
      note: "the claims segment uses + and /, and is signed so",
      claims: { extra: ">>>>>>??????" },
      segments: (header, claims) => [header, claims.replaceAll("-", "+").replaceAll("_", "/")],
      refuse: "token_encoding_invalid",
    },
    {
      name: "claims-spare-bits",
      note: "the last character of the claims has bits that no byte holds, and is signed so",
      claimsText: (json) => (Buffer.byteLength(json) % 3 === 0 ? `${json} ` : json),
      segments: (header, claims) => [header, withSpareBits(claims)],
      refuse: "token_encoding_invalid",
    },
    {
      name: "signature-spare-bits",
      note: "the last character of the signature has bits that no byte holds",
      token: withSpareBits,
      refuse: "token_encoding_invalid",
    },
    {
      name: "header-member-duplicate",
      note: "the header has alg twice",
      headerText: (json) => json.replace("{", '{"alg":"none",'),
      refuse: "token_member_duplicate",
    },
    {
      name: "claim-duplicate",
      note: "the claims have htm twice",
      claimsText: (json) => json.replace("{", '{"htm":"GET",'),
      refuse: "token_member_duplicate",
    },
    {
      name: "claim-duplicate-escaped",
      note: "the claims have htm twice, once with an escape in its name",
      claimsText: (json) => json.replace("{", '{"\\u0068tm":"GET",'),
      refuse: "token_member_duplicate",
    },
    {
      name: "claim-member-duplicate-inside",
      note: "an object inside an unknown claim has a member twice",
      claimsText: (json) => json.replace("{", '{"extra":{"a":1,"a":2},'),
      refuse: "token_member_duplicate",
    },
    {
      name: "claims-array",
      note: "the claims are inside an array",
      claimsText: (json) => `[${json}]`,
      refuse: "token_json_invalid",
    },
    {
      name: "claims-bom",
      note: "the claims start with a byte order mark",
      claimsText: (json) => `\uFEFF${json}`,
      refuse: "token_json_invalid",
    },
    {
      name: "claims-truncated",
      note: "the claims lack their last brace",
      claimsText: (json) => json.slice(0, -1),
      refuse: "token_json_invalid",
    },
    {
      name: "claims-trailing",
      note: "there is another object after the claims",
      claimsText: (json) => `${json}{}`,
      refuse: "token_json_invalid",
    },
    {
      name: "claims-invalid-utf8",
      note: "an unknown claim has a byte that is not UTF-8",
      claims: { extra: "?" },
      claimsText: (json) => Buffer.from(json.replace('"?"', '"\xff"'), "latin1"),
      refuse: "token_utf8_invalid",
    },
    {
      name: "claims-edited",
      note: "an unknown claim was added after signing",
      token: (text) => {
        const [header = "", claims = "", signature = ""] = text.split(".");
        const edited = Buffer.from(claims, "base64url").toString().replace("{", '{"extra":1,');
        return [header, encode(edited), signature].join(".");
      },
      refuse: "token_signature_invalid",
    },
    {
      name: "signature-of-stranger",
      note: "signed with another key of the same kind",
      signWith: fixedKey("stranger"),
      refuse: "token_signature_invalid",
    },
    {
      name: "signature-zero",
      note: "r and s are zero",
      signature: (good) => new Uint8Array(good.length),
      refuse: "token_signature_invalid",
    },
    {
      name: "signature-bit",
      note: "the last bit of the signature is the other one",
      signature: (good) => good.with(-1, (good.at(-1) ?? 0) ^ 1),
      refuse: "token_signature_invalid",
    },
    {
      name: "signature-truncated",
      note: "the signature lacks its last byte",
      signature: (good) => good.subarray(0, -1),
      refuse: "token_signature_invalid",
    },
    {
      name: "signature-extended",
      note: "there is a byte after the signature",
      signature: (good) => Uint8Array.of(...good, 0),
      refuse: "token_signature_invalid",
    },
    {
      name: "signature-in-der",
      note: "the signature is encoded as in certificates",
      signature: toDer,
      refuse: "token_signature_invalid",
    },
    {
      name: "too-large",
      note: "the proof has more than 12 KiB",
      claims: { extra: "a".repeat(9 * 1024) },
      refuse: "token_too_large",
    },
  ];
}

/** r‖s as SEQUENCE { r, s }. */
function toDer(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2;
  const parts = [signature.subarray(0, half), signature.subarray(half)].flatMap((part) => {
    const digits = part.subarray(part.findIndex((byte) => byte !== 0));
    const magnitude = (digits[0] ?? 0) < 0x80 ? [...digits] : [0, ...digits];
    return [0x02, magnitude.length, ...magnitude];
  });
  return Uint8Array.of(0x30, parts.length, ...parts);
}
