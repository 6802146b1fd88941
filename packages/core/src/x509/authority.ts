import type { PublicKey } from "../runtime/port.js";
import { type Certificate, parseCertificate } from "./certificate.js";
import { importKey } from "./import-key.js";
import { verifySigningProfile } from "./signing-profile.js";

/** A trust anchor: a signing certificate that a trust bundle vouches for, and its key. */
export interface X509Authority {
  readonly certificate: Certificate;
  readonly key: PublicKey;
}

/**
 * Reads a signing certificate. Its validity is checked whenever it is used, not here; nothing has to
 * have signed it.
 *
 * @throws {VerificationError} `certificate_issuer_not_ca`, `certificate_extension_unsupported`, and
 * what reading a certificate throws
 */
export async function loadX509Authority(der: Uint8Array): Promise<X509Authority> {
  const certificate = parseCertificate(der);
  verifySigningProfile(certificate);
  return Object.freeze({ certificate, key: await importKey(certificate) });
}
