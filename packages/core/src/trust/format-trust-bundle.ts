import { runtime } from "#runtime";
import { base64 } from "../encoding.js";
import type { PublicKey } from "../runtime/port.js";
import type { X509Authority } from "../x509/authority.js";
import type { TokenAuthority, TrustBundle } from "./trust-bundle.js";

/**
 * Writes a SPIFFE bundle document (SPIFFE Trust Domain and Bundle §4): what `parseTrustBundle` reads
 * and a bundle endpoint serves. The keys stand in a fixed order, so that the same authorities give
 * the same text, wherever they came from.
 */
export async function formatTrustBundle(bundle: TrustBundle): Promise<string> {
  const keys = await Promise.all([
    ...bundle.x509Authorities.map(x509Key),
    ...[...bundle.jwtAuthorities.values()].map((authority) => tokenKey("jwt-svid", authority)),
    ...[...bundle.witAuthorities.values()].map((authority) => tokenKey("wit-svid", authority)),
  ]);
  return JSON.stringify({
    keys: keys.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    spiffe_sequence: bundle.sequence,
    spiffe_refresh_hint: bundle.refreshHintSeconds,
  });
}

async function x509Key({ certificate, key }: X509Authority) {
  return { use: "x509-svid", ...(await keyMembers(key)), x5c: [base64(certificate.der)] };
}

async function tokenKey(use: "jwt-svid" | "wit-svid", { keyId, algorithm, key }: TokenAuthority) {
  return { use, kid: keyId, alg: algorithm, ...(await keyMembers(key)) };
}

async function keyMembers(key: PublicKey) {
  const { kty, crv, x, y, n, e } = await runtime.exportPublicJwk(key);
  return { kty, crv, x, y, n, e };
}
