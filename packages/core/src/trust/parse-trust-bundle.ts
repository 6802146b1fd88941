import { CredentialError } from "../errors.js";
import { parseTrustDomain } from "../spiffe/spiffe-id.js";
import { splitDer } from "../x509/der.js";
import {
  byKeyId,
  invalidUnless,
  tokenAuthoritiesOf,
  x509AuthoritiesFrom,
  x509AuthoritiesOf,
} from "./bundle-authorities.js";
import { maxAuthorities, maxBundleBytes, parseBundleDocument } from "./bundle-document.js";
import type { TrustBundle } from "./trust-bundle.js";

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
  const { keys, spiffe_sequence, spiffe_refresh_hint } = parseBundleDocument(document);
  const ofUse = (use: string) => keys.filter((key) => key.use === use);
  const [x509Authorities, jwtAuthorities, witAuthorities] = await Promise.all([
    x509AuthoritiesOf(ofUse("x509-svid")),
    tokenAuthoritiesOf(ofUse("jwt-svid")),
    tokenAuthoritiesOf(ofUse("wit-svid")),
  ]);
  byKeyId([...jwtAuthorities, ...witAuthorities]);
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
  if (der.length > maxBundleBytes) throw new CredentialError("bundle_too_large");
  const certificates = invalidUnless(() => splitDer(der));
  if (certificates.length > maxAuthorities) throw new CredentialError("bundle_too_large");
  return Object.freeze({
    ...nothingFrom(name),
    x509Authorities: await x509AuthoritiesFrom(certificates),
  });
}

/**
 * Makes a bundle of the authorities of one kind of token only, from the JWK Set that the JWT or the
 * WIT profile of the Workload API delivers (Workload API §6.2.2 and its WIT profile). A key without
 * `use` is of that kind; keys of another `use` or of an unknown kind are ignored.
 *
 * @throws {CredentialError} `bundle_invalid`, `bundle_too_large`, `bundle_key_duplicate`,
 * `bundle_key_private`
 * @throws {SpiffeIdError} when `trustDomain` is not a trust domain name
 */
export async function parseTokenBundle(
  trustDomain: string,
  document: string | Uint8Array,
  use: "jwt-svid" | "wit-svid",
): Promise<TrustBundle> {
  const name = parseTrustDomain(trustDomain);
  const { keys } = parseBundleDocument(document);
  const ofUse = keys.filter((key) => key.use === undefined || key.use === use);
  const authorities = byKeyId(await tokenAuthoritiesOf(ofUse));
  const member = use === "jwt-svid" ? "jwtAuthorities" : "witAuthorities";
  return Object.freeze({ ...nothingFrom(name), [member]: authorities });
}

function nothingFrom(trustDomain: TrustBundle["trustDomain"]): TrustBundle {
  return {
    trustDomain,
    x509Authorities: [],
    jwtAuthorities: new Map(),
    witAuthorities: new Map(),
    sequence: undefined,
    refreshHintSeconds: undefined,
  };
}
