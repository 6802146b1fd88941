import type { FixedKey } from "./fixed-key.js";

/** Members of a JSON object; `undefined` leaves one out. */
export type Members = Readonly<Record<string, unknown>>;

/** How a token differs from a good one. */
export interface TokenChange {
  readonly header?: Members;
  readonly claims?: Members;
  /** Changes the JSON text. */
  readonly headerText?: (json: string) => string;
  readonly claimsText?: (json: string) => string | Uint8Array;
  /** Changes the encoded segments before they are signed. */
  readonly segments?: (header: string, claims: string) => readonly [string, string];
  readonly signWith?: FixedKey;
  readonly signature?: (good: Uint8Array) => Uint8Array;
  /** Changes the whole token. */
  readonly token?: (token: string) => string;
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Signs a token: a good one where nothing is changed. */
export function signToken(
  header: Members,
  claims: Members,
  key: FixedKey,
  change: TokenChange = {},
): string {
  const headerJson = JSON.stringify({ ...header, ...change.header });
  const claimsJson = JSON.stringify({ ...claims, ...change.claims });
  const encoded = [
    encode(change.headerText?.(headerJson) ?? headerJson),
    encode(change.claimsText?.(claimsJson) ?? claimsJson),
  ] as const;
  const input = (change.segments?.(...encoded) ?? encoded).join(".");
  const good = (change.signWith ?? key).sign(Buffer.from(input), "compact");
  const token = `${input}.${encode(change.signature?.(good) ?? good)}`;
  return change.token?.(token) ?? token;
}

export function encode(bytes: string | Uint8Array): string {
  return Buffer.from(bytes as Uint8Array).toString("base64url");
}

/** The text with bits in its last character that no byte holds. */
export function withSpareBits(text: string): string {
  const last = alphabet.indexOf(text.slice(-1));
  return text.slice(0, -1) + alphabet.charAt(last | 1);
}
