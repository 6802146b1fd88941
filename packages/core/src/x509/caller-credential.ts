import type { KeyedCredential } from "../caller.js";
import type { ValidatedX509Svid } from "./x509-svid.js";

/** What is kept of an X.509-SVID for the record. */
export function callerCredentialOf({
  thumbprint,
  notBefore,
  expiresAt,
}: ValidatedX509Svid): KeyedCredential {
  return Object.freeze({ kind: "x509-svid", thumbprint, notBefore, expiresAt, issuer: undefined });
}
