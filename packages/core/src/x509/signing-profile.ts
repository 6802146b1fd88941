import { VerificationError } from "../errors.js";
import type { Certificate } from "./certificate.js";

/**
 * Checks that a certificate may issue others (X509-SVID §4.1, §4.3; RFC 5280 §6.1.4 (k) to (n)).
 *
 * @throws {VerificationError} `certificate_issuer_not_ca`, `certificate_extension_unsupported`
 */
export function verifySigningProfile(certificate: Certificate): void {
  const { isCa, keyUsage, hasUnknownCritical } = certificate;
  if (!isCa || !keyUsage?.keyCertSign) throw new VerificationError("certificate_issuer_not_ca");
  if (hasUnknownCritical) throw new VerificationError("certificate_extension_unsupported");
}
