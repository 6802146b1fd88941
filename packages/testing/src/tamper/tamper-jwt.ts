import { ConfigurationError } from "@firsthand/core";
import { type PrivateKeyInput, type SpiffeAlgorithm, toPrivateKey } from "../keys.js";
import { signJws } from "./sign-jws.js";

/** What to change in a JWT. Everything else stays as it is, byte by byte. */
export interface JwtChange {
  /** Header parameters to add or replace; `undefined` leaves one out. */
  readonly header?: Readonly<Record<string, unknown>> | undefined;
  /** Claims to add or replace; `undefined` leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** Changes the JSON text of the header, after `header`. */
  readonly headerText?: ((json: string) => string | Uint8Array) | undefined;
  /** Changes the JSON text of the claims, after `claims`. */
  readonly claimsText?: ((json: string) => string | Uint8Array) | undefined;
  /** Changes the encoded segments of header and claims, last of all. */
  readonly segments?:
    | ((header: string, claims: string) => readonly [header: string, claims: string])
    | undefined;
  /** The key to sign the result with; without it the signature stays as it was. */
  readonly resignWith?: PrivateKeyInput | undefined;
  /** Which algorithm to sign with, whatever the header says; by default that of the original. */
  readonly algorithm?: SpiffeAlgorithm | undefined;
  /** Changes the bytes of the signature. */
  readonly signature?: ((signature: Buffer) => Uint8Array) | undefined;
}

/**
 * Makes a bad JWT of a good one. It is signed again with the key that signed the good one, so that
 * nothing else is wrong with it; where the mutation is about the signature, it is not.
 */
export type JwtMutation = (token: string, key: PrivateKeyInput) => string;

/** The three segments of a JWS in compact serialization. */
export interface JwtSegments {
  readonly header: string;
  readonly claims: string;
  readonly signature: string;
}

/**
 * Makes a bad JWT of a good one, with nothing wrong but the change.
 *
 * @throws {ConfigurationError} when `token` is not a JWT, or the change changes nothing
 */
export function tamperJwt(token: string, change: JwtChange): string {
  const original = splitJwt(token);
  const header = edit(original.header, change.header, change.headerText);
  const claims = edit(original.claims, change.claims, change.claimsText);
  const input = (change.segments?.(header, claims) ?? [header, claims]).join(".");
  const signature = change.resignWith
    ? signJws(change.algorithm ?? algorithmOf(token), toPrivateKey(change.resignWith), input)
    : Buffer.from(original.signature, "base64url");
  const tampered = `${input}.${encode(change.signature?.(signature) ?? signature)}`;
  if (tampered === token) {
    throw new ConfigurationError("option_invalid", "tamperJwt: the change changes nothing");
  }
  return tampered;
}

/** @throws {ConfigurationError} when `token` does not have three segments */
export function splitJwt(token: string): JwtSegments {
  const [header, claims, signature, ...rest] = token.split(".");
  if (header === undefined || claims === undefined || signature === undefined || rest.length > 0) {
    throw new ConfigurationError("option_invalid", "the token to tamper with is not a JWT");
  }
  return { header, claims, signature };
}

/** The header of a JWT, not verified. */
export function headerOf(token: string): Readonly<Record<string, unknown>> {
  return parse(splitJwt(token).header);
}

/** The claims of a JWT, not verified. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return parse(splitJwt(token).claims);
}

/** The algorithm in the header of a good JWT. */
export function algorithmOf(token: string): SpiffeAlgorithm {
  return headerOf(token)["alg"] as SpiffeAlgorithm;
}

function edit(
  segment: string,
  members: JwtChange["header"],
  text: JwtChange["headerText"],
): string {
  if (members === undefined && text === undefined) return segment;
  const json = members
    ? JSON.stringify({ ...parse(segment), ...members })
    : Buffer.from(segment, "base64url").toString();
  return encode(text?.(json) ?? json);
}

function parse(segment: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(segment, "base64url").toString());
}

function encode(bytes: string | Uint8Array): string {
  return Buffer.from(bytes as Uint8Array).toString("base64url");
}
