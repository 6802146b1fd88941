import { claimsOf, type JwtChange, type JwtMutation, splitJwt, tamperJwt } from "./tamper-jwt.js";

const base64urlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Serialization, base64url and JSON (RFC 7515 §2, §3.1, §7.1; RFC 8725 §3). */
export const jwtFormMutations = {
  segmentMissing: (token) => unsigned(token),
  segmentAdded: (token) => `${token}.AA`,
  claimsEmpty: (token, key) => signed(token, key, { segments: (header) => [header, ""] }),
  jsonSerialization(token) {
    const { header, claims, signature } = splitJwt(token);
    return JSON.stringify({ protected: header, payload: claims, signature });
  },

  headerPadded: (token, key) =>
    signed(token, key, { segments: (header, claims) => [`${header}=`, claims] }),
  claimsPadded: (token, key) =>
    signed(token, key, { segments: (header, claims) => [header, `${claims}=`] }),
  signaturePadded: (token) => `${token}=`,
  claimsWithWhitespace: (token, key) =>
    signed(token, key, { segments: (header, claims) => [header, `${claims}\n`] }),
  /** The same bytes in the alphabet of plain base64. */
  claimsStandardAlphabet: (token, key) =>
    signed(token, key, {
      claims: { extra: ">>>>>>??????" },
      segments: (header, claims) => [header, claims.replaceAll("-", "+").replaceAll("_", "/")],
    }),
  /** The same bytes with bits set in the last character that no byte holds. */
  claimsTrailingBits: (token, key) =>
    signed(token, key, {
      claimsText: (json) => (Buffer.byteLength(json) % 3 === 0 ? `${json} ` : json),
      segments: (header, claims) => [header, withTrailingBits(claims)],
    }),

  claimsNotJson: (token, key) => signed(token, key, { claimsText: (json) => json.slice(0, -1) }),
  claimsArray: (token, key) => signed(token, key, { claimsText: (json) => `[${json}]` }),
  claimsWithBom: (token, key) => signed(token, key, { claimsText: (json) => `\uFEFF${json}` }),
  claimsInvalidUtf8: (token, key) =>
    signed(token, key, {
      claims: { extra: "?" },
      claimsText: (json) => Buffer.from(json.replace('"?"', '"\xff"'), "latin1"),
    }),
  claimDuplicate: (token, key) =>
    signed(token, key, { claimsText: (json) => duplicateMember(json, firstClaimOf(token)) }),
  /** The second name differs in its text, and is the same once it is read. */
  claimDuplicateEscaped: (token, key) =>
    signed(token, key, {
      claimsText: (json) => duplicateMember(json, escapeFirst(firstClaimOf(token))),
    }),
  headerMemberDuplicate: (token, key) =>
    signed(token, key, { headerText: (json) => duplicateMember(json, "alg") }),
} as const satisfies Record<string, JwtMutation>;

function signed(token: string, key: Parameters<JwtMutation>[1], change: JwtChange): string {
  return tamperJwt(token, { ...change, resignWith: key });
}

function unsigned(token: string): string {
  const { header, claims } = splitJwt(token);
  return `${header}.${claims}`;
}

function withTrailingBits(segment: string): string {
  const last = base64urlAlphabet.indexOf(segment.slice(-1));
  return segment.slice(0, -1) + base64urlAlphabet.charAt(last | 1);
}

function firstClaimOf(token: string): string {
  const [name = "sub"] = Object.keys(claimsOf(token));
  return name;
}

function escapeFirst(name: string): string {
  return `\\u${name.charCodeAt(0).toString(16).padStart(4, "0")}${name.slice(1)}`;
}

function duplicateMember(json: string, name: string): string {
  return json.replace("{", `{"${name}":"duplicate",`);
}
