import { CredentialError, type CredentialSource, type X509Credential } from "@firsthand/core";

/**
 * The X.509-SVID that we present now: the first one that has not expired.
 *
 * @throws {CredentialError} `credential_missing`, `credential_expired`, and what the source throws
 */
export function currentSvid(source: CredentialSource, now: number): X509Credential {
  const held = source.credentials().filter((credential) => credential.kind === "x509-svid");
  if (held.length === 0) {
    throw new CredentialError("credential_missing", { detail: "mutual TLS needs an X.509-SVID" });
  }
  const alive = held.find(({ expiresAt }) => now < expiresAt);
  if (alive === undefined) throw new CredentialError("credential_expired");
  return alive;
}
