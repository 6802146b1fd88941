import * as z from "zod/mini";
import { runtime } from "#runtime";
import { fromBase64 } from "../encoding.js";
import { CredentialError, VerificationError } from "../errors.js";
import { wimseAlgorithms } from "../jose/algorithms.js";
import { readPublicJwk } from "../jose/public-jwk.js";
import type { JsonObject } from "../jose/strict-json.js";
import { loadX509Authority, type X509Authority } from "../x509/authority.js";
import type { TokenAuthority } from "./trust-bundle.js";

const x5cSchema = z.array(z.string()).check(z.length(1));
const keyIdSchema = z.string().check(z.minLength(1));

/**
 * The X.509 authorities that are usable; a kind that we cannot use is ignored like an unknown `kty`.
 *
 * @throws {CredentialError} `bundle_invalid`
 */
export function x509AuthoritiesOf(keys: readonly JsonObject[]): Promise<readonly X509Authority[]> {
  return present(keys.map(x509AuthorityOf));
}

/** @throws {CredentialError} `bundle_invalid` */
export function x509AuthoritiesFrom(
  certificates: readonly Uint8Array[],
): Promise<readonly X509Authority[]> {
  return present(certificates.map(usableAuthority));
}

/** @throws {CredentialError} `bundle_invalid` */
export function tokenAuthoritiesOf(
  keys: readonly JsonObject[],
): Promise<readonly TokenAuthority[]> {
  return present(keys.map(tokenAuthorityOf));
}

/** @throws {CredentialError} `bundle_key_duplicate` */
export function byKeyId(
  authorities: readonly TokenAuthority[],
): ReadonlyMap<string, TokenAuthority> {
  const map = new Map(authorities.map((authority) => [authority.keyId, authority]));
  if (map.size !== authorities.length) throw new CredentialError("bundle_key_duplicate");
  return map;
}

/** Runs a reader, whose every complaint makes the bundle invalid. */
export function invalidUnless<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new CredentialError("bundle_invalid", { cause });
  }
}

async function x509AuthorityOf(jwk: JsonObject): Promise<X509Authority | undefined> {
  const { x5c } = jwk;
  if (x5c === undefined || (Array.isArray(x5c) && x5c.length === 0)) return undefined;
  const [certificate] = invalidUnless(() => x5cSchema.parse(x5c)) as [string];
  const der = fromBase64(certificate);
  if (der === undefined) throw new CredentialError("bundle_invalid");
  return usableAuthority(der);
}

async function usableAuthority(der: Uint8Array): Promise<X509Authority | undefined> {
  try {
    return await loadX509Authority(der);
  } catch (cause) {
    if (cause instanceof VerificationError && unusable.has(cause.code)) return undefined;
    throw new CredentialError("bundle_invalid", { cause });
  }
}

const unusable: ReadonlySet<string> = new Set([
  "certificate_algorithm_unsupported",
  "certificate_key_weak",
]);

async function tokenAuthorityOf(jwk: JsonObject): Promise<TokenAuthority | undefined> {
  const keyId = invalidUnless(() => keyIdSchema.parse(jwk.kid));
  const read = readPublicJwk(jwk);
  if (read === "unsupported" || read === "weak") return undefined;
  if (typeof read === "string") throw new CredentialError("bundle_invalid");
  const algorithm = wimseAlgorithms.find((known) => known === jwk.alg);
  if (jwk.alg !== undefined && algorithm === undefined) return undefined;
  try {
    return { keyId, algorithm, key: await runtime.importPublicJwk(read.jwk, read.shape) };
  } catch (cause) {
    throw new CredentialError("bundle_invalid", { cause });
  }
}

async function present<T>(entries: readonly Promise<T | undefined>[]): Promise<readonly T[]> {
  return (await Promise.all(entries)).filter((entry) => entry !== undefined);
}
