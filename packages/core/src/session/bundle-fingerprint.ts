import { runtime } from "#runtime";
import type { Awaitable } from "../awaitable.js";
import { hashBytes, hashText } from "../hash.js";
import type { TokenAuthority, TrustBundle } from "../trust/trust-bundle.js";
import type { X509Authority } from "../x509/authority.js";

const known = new WeakMap<TrustBundle, Promise<string>>();

/**
 * base64url SHA-256 over what can vouch for a caller in a bundle. Replicas that hold the same
 * authorities find the same, in whatever order and from whatever source they have them.
 */
export function fingerprintOf(bundle: TrustBundle): Promise<string> {
  const fingerprint = known.get(bundle) ?? computeFingerprint(bundle);
  known.set(bundle, fingerprint);
  return fingerprint;
}

async function computeFingerprint(bundle: TrustBundle): Promise<string> {
  const { trustDomain, x509Authorities, witAuthorities } = bundle;
  const authorities = await Promise.all([
    ...x509Authorities.map(hashOfCertificate),
    ...[...witAuthorities.values()].map(hashOfKey),
  ]);
  return hashText(JSON.stringify([trustDomain, ...authorities.sort()]));
}

function hashOfCertificate({ certificate }: X509Authority): Awaitable<string> {
  return hashBytes(certificate.der);
}

async function hashOfKey({ keyId, algorithm, key }: TokenAuthority): Promise<string> {
  const { kty, crv, x, y, n, e } = await runtime.exportPublicJwk(key);
  return hashText(JSON.stringify([keyId, algorithm, kty, crv, x, y, n, e]));
}
