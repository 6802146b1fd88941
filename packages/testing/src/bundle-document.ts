import type { Authorities } from "./authorities.js";
import { publicJwk } from "./keys.js";

const refreshHintSeconds = 300;

/** The SPIFFE bundle document of all these authorities (SPIFFE Trust Domain and Bundle §4). */
export function bundleDocumentOf(authorities: readonly Authorities[], sequence: number): string {
  const keys = authorities.flatMap(({ x509, jwt, wit }) => [
    {
      use: "x509-svid",
      ...publicJwk(x509.root.key),
      x5c: [Buffer.from(x509.root.certificate).toString("base64")],
    },
    ...jwt.map(({ keyId, key }) => ({ use: "jwt-svid", kid: keyId, ...publicJwk(key) })),
    ...wit.map(({ keyId, key }) => ({ use: "wit-svid", kid: keyId, ...publicJwk(key) })),
  ]);
  return JSON.stringify({
    keys,
    spiffe_sequence: sequence,
    spiffe_refresh_hint: refreshHintSeconds,
  });
}
