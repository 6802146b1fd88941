import * as z from "zod/mini";
import { runtime } from "#runtime";
import { fromBase64, utf8 } from "../encoding.js";
import { CredentialError, VerificationError } from "../errors.js";
import { wimseAlgorithms } from "../jose/algorithms.js";
import { hasPrivateMaterial, readPublicJwk } from "../jose/public-jwk.js";
import { isObject, type JsonObject, parseStrictJson } from "../jose/strict-json.js";
import { parseTrustDomain } from "../spiffe/spiffe-id.js";
import { loadX509Authority, type X509Authority } from "../x509/authority.js";
import { splitDer } from "../x509/der.js";
import type { TokenAuthority, TrustBundle } from "./trust-bundle.js";

const maxBytes = 1024 * 1024;
const maxAuthorities = 500;

const documentSchema = z.object({
  keys: z.array(z.custom<JsonObject>(isObject)),
  spiffe_sequence: z.optional(z.int().check(z.nonnegative())),
  spiffe_refresh_hint: z.optional(z.int().check(z.nonnegative())),
});
const x5cSchema = z.array(z.string()).check(z.length(1));
const keyIdSchema = z.string().check(z.minLength(1));

/**
 * Reads a SPIFFE bundle document: a JWK Set with `spiffe_sequence` and `spiffe_refresh_hint`
 * (SPIFFE Trust Domain and Bundle §4). Keys of unknown `use` or kind are ignored, as it asks;
 * anything else that is wrong refuses the whole document.
 *
 * @param trustDomain the domain it was configured for, such as `shop.example`
 * @throws {CredentialError} `bundle_invalid`, `bundle_too_large` (1 MiB, 500 authorities),
 * `bundle_key_duplicate`, `bundle_key_private`
 * @throws {SpiffeIdError} when `trustDomain` is not a trust domain name
 */
export async function parseTrustBundle(
  trustDomain: string,
  document: string | Uint8Array,
): Promise<TrustBundle> {
  const name = parseTrustDomain(trustDomain);
  const bytes = typeof document === "string" ? utf8(document) : document;
  if (bytes.length > maxBytes) throw new CredentialError("bundle_too_large");
  const { keys, spiffe_sequence, spiffe_refresh_hint } = parseDocument(bytes);
  if (keys.length > maxAuthorities) throw new CredentialError("bundle_too_large");
  if (keys.some(hasPrivateMaterial)) throw new CredentialError("bundle_key_private");
  const ofUse = (use: string) => keys.filter((key) => key.use === use);
  const [x509Authorities, jwtAuthorities, witAuthorities] = await Promise.all([
    present(ofUse("x509-svid").map(x509AuthorityOf)),
    present(ofUse("jwt-svid").map(tokenAuthorityOf)),
    present(ofUse("wit-svid").map(tokenAuthorityOf)),
  ]);
  const tokenAuthorities = [...jwtAuthorities, ...witAuthorities];
  if (new Set(tokenAuthorities.map((key) => key.keyId)).size !== tokenAuthorities.length) {
    throw new CredentialError("bundle_key_duplicate");
  }
  return Object.freeze({
    trustDomain: name,
    x509Authorities,
    jwtAuthorities: byKeyId(jwtAuthorities),
    witAuthorities: byKeyId(witAuthorities),
    sequence: spiffe_sequence,
    refreshHintSeconds: spiffe_refresh_hint,
  });
}

/**
 * Makes a bundle of X.509 authorities only from concatenated DER certificates, as the Workload API
 * delivers them (Workload API §5.2.1).
 *
 * @throws {CredentialError} `bundle_invalid`, `bundle_too_large`
 * @throws {SpiffeIdError} when `trustDomain` is not a trust domain name
 */
export async function parseX509Bundle(trustDomain: string, der: Uint8Array): Promise<TrustBundle> {
  const name = parseTrustDomain(trustDomain);
  if (der.length > maxBytes) throw new CredentialError("bundle_too_large");
  const certificates = invalidUnless(() => splitDer(der));
  if (certificates.length > maxAuthorities) throw new CredentialError("bundle_too_large");
  return Object.freeze({
    trustDomain: name,
    x509Authorities: await present(certificates.map(usableAuthority)),
    jwtAuthorities: new Map(),
    witAuthorities: new Map(),
    sequence: undefined,
    refreshHintSeconds: undefined,
  });
}

function parseDocument(bytes: Uint8Array) {
  const json = invalidUnless(() => parseStrictJson(bytes));
  const { data, error } = documentSchema.safeParse(json);
  if (data !== undefined) return data;
  const [issue] = error.issues as [z.core.$ZodIssue];
  const detail = `${String(issue.path[0])} is missing or has the wrong form`;
  throw new CredentialError("bundle_invalid", { cause: error, detail });
}

async function x509AuthorityOf(jwk: JsonObject): Promise<X509Authority | undefined> {
  const { x5c } = jwk;
  if (x5c === undefined || (Array.isArray(x5c) && x5c.length === 0)) return undefined;
  const [certificate] = invalidUnless(() => x5cSchema.parse(x5c)) as [string];
  const der = fromBase64(certificate);
  if (der === undefined) throw new CredentialError("bundle_invalid");
  return usableAuthority(der);
}

/** A certificate of a kind that we cannot use is ignored like a key of an unknown `kty`. */
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

function byKeyId(authorities: readonly TokenAuthority[]): ReadonlyMap<string, TokenAuthority> {
  return new Map(authorities.map((authority) => [authority.keyId, authority]));
}

function invalidUnless<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new CredentialError("bundle_invalid", { cause });
  }
}
