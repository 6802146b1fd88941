import { VerificationError } from "../errors.js";
import { type Certificate, parseCertificate } from "./certificate.js";

const maxCertificates = 4;
const maxBytes = 8 * 1024;

/** A leaf, then the certificates presented as its issuers, in order. */
export type CertificateChain = readonly [leaf: Certificate, ...issuers: Certificate[]];

/**
 * Reads a presented chain of at most 4 certificates and 8 KiB of DER.
 *
 * @throws {VerificationError} `certificate_chain_empty`, `certificate_chain_too_long`,
 * `certificate_too_large`, and what reading a certificate throws
 */
export function parseCertificateChain(chain: readonly Uint8Array[]): CertificateChain {
  const [leaf, ...issuers] = chain;
  if (leaf === undefined) throw new VerificationError("certificate_chain_empty");
  if (chain.length > maxCertificates) throw new VerificationError("certificate_chain_too_long");
  if (chain.reduce((sum, { length }) => sum + length, 0) > maxBytes) {
    throw new VerificationError("certificate_too_large");
  }
  return [parseCertificate(leaf), ...issuers.map(parseCertificate)];
}
