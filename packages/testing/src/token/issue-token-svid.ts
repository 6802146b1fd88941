import {
  type JsonWebKey,
  loadWitSvid,
  type SpiffeId,
  type WitCredential,
  type WitSvidMaterial,
} from "@firsthand/core";
import { SignJWT } from "jose";
import { type Keyring, keyTypeFor, publicJwk, type SpiffeAlgorithm } from "../keys.js";
import { type SigningKey, signingKeyFor } from "./signing-key.js";

const jwtTtlSeconds = 5 * 60;
const witTtlSeconds = 60 * 60;

/** What any token can differ in. */
export interface TokenOptions {
  readonly ttlSeconds?: number | undefined;
  /** Claims to add or replace; `undefined` leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** Header parameters to add or replace; `undefined` leaves one out. */
  readonly header?: Readonly<Record<string, unknown>> | undefined;
}

/** How a JWT-SVID differs from the usual one, which lives for five minutes. */
export interface IssueJwtSvidOptions extends TokenOptions {
  /** `aud`, as it is given. */
  readonly audience: string | readonly string[];
  /** By default the first of the trust domain's `tokenAlgorithms`. */
  readonly algorithm?: SpiffeAlgorithm | undefined;
}

/** How a WIT-SVID differs from the usual one, which lives for an hour. */
export interface IssueWitSvidOptions extends TokenOptions {
  /** Of the workload's key and its proofs; goes to `cnf.jwk.alg`. By default ES256. */
  readonly algorithm?: SpiffeAlgorithm | undefined;
  /** Of the token's own signature; by default the first of the trust domain's `tokenAlgorithms`. */
  readonly issuerAlgorithm?: SpiffeAlgorithm | undefined;
}

/** A WIT-SVID with its private key. */
export interface IssuedWitSvid extends WitSvidMaterial {
  readonly credential: WitCredential;
}

/** What a token is issued with. */
export interface TokenIssuer {
  readonly keys: readonly SigningKey[];
  readonly defaultAlgorithm: SpiffeAlgorithm;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** Issues a JWT-SVID (JWT-SVID §2 and §3). */
export function issueJwtSvid(
  issuer: TokenIssuer,
  id: SpiffeId,
  options: IssueJwtSvidOptions,
): Promise<string> {
  const claims = {
    sub: id.toString(),
    aud: options.audience,
    exp: issuer.now + (options.ttlSeconds ?? jwtTtlSeconds),
    iat: issuer.now,
  };
  return signToken(issuer, options.algorithm, "JWT", claims, options);
}

/** Issues a WIT-SVID (WIT-SVID §3) with the claims that SPIRE sets. */
export async function issueWitSvid(
  issuer: TokenIssuer,
  id: SpiffeId,
  keyring: Keyring,
  options: IssueWitSvidOptions,
): Promise<IssuedWitSvid> {
  const alg = options.algorithm ?? "ES256";
  const key = await keyring.workloadKey(`wit-svid/${id}`, keyTypeFor(alg));
  const claims = {
    sub: id.toString(),
    exp: issuer.now + (options.ttlSeconds ?? witTtlSeconds),
    iat: issuer.now,
    cnf: { jwk: { ...publicJwk(key), alg } },
  };
  const token = await signToken(issuer, options.issuerAlgorithm, "wit+jwt", claims, options);
  const privateKey: JsonWebKey = key.export({ format: "jwk" });
  return { token, privateKey, credential: await loadWitSvid({ token, privateKey }) };
}

/** Signs a token of any kind with the fitting one of the issuer's keys. */
export function signToken(
  issuer: TokenIssuer,
  algorithm: SpiffeAlgorithm | undefined,
  typ: string,
  claims: Readonly<Record<string, unknown>>,
  options: TokenOptions,
): Promise<string> {
  const alg = algorithm ?? issuer.defaultAlgorithm;
  const { keyId, key } = signingKeyFor(issuer.keys, alg);
  return new SignJWT({ ...claims, ...options.claims })
    .setProtectedHeader({ alg, kid: keyId, typ, ...options.header })
    .sign(key);
}
