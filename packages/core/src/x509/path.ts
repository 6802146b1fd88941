import { bytesEqual } from "../encoding.js";
import { VerificationError } from "../errors.js";
import type { X509Authority } from "./authority.js";
import type { Certificate } from "./certificate.js";
import type { CertificateChain } from "./certificate-chain.js";
import { importKey } from "./import-key.js";
import { verifyNameConstraints } from "./name-constraints.js";
import { isSignedWith } from "./signature.js";
import { verifySigningProfile } from "./signing-profile.js";

const maxCandidates = 10;

/** When a path has to be valid. */
export interface ValidityCheck {
  /** Seconds since the epoch. */
  readonly now: number;
  /** Granted to `notBefore` only: an expired certificate is expired. */
  readonly skewSeconds: number;
}

/** From the leaf upwards; the last one is the anchor's. */
type Path = readonly Certificate[];

/**
 * Validates the certification path from a leaf to one of the authorities (RFC 5280 §6), without any
 * search: each certificate is issued by an authority or by the one presented next. Keys that nobody
 * vouches for are never used: an authority is found first, then signatures are checked downwards.
 *
 * @returns the earliest `notAfter` of the path
 * @throws {VerificationError} `certificate_untrusted`, `certificate_issuer_not_ca`,
 * `certificate_extension_unsupported`, `certificate_not_yet_valid`, `certificate_expired`,
 * `certificate_path_length_exceeded`, `certificate_signature_invalid`,
 * `certificate_name_constrained`
 */
export async function verifyPath(
  chain: CertificateChain,
  authorities: readonly X509Authority[],
  check: ValidityCheck,
): Promise<number> {
  const path = await findPath(chain, authorities, check);
  verifyPathLengths(path);
  await verifySignatures(path.slice(0, -1));
  verifyNames(path);
  return Math.min(...path.map(({ notAfter }) => notAfter));
}

async function findPath(
  chain: CertificateChain,
  authorities: readonly X509Authority[],
  check: ValidityCheck,
): Promise<Path> {
  const path: Certificate[] = [];
  for (const certificate of chain) {
    const below = path.at(-1);
    if (below !== undefined) verifyIssuer(below, certificate);
    verifyValidity(certificate, check);
    path.push(certificate);
    const anchor = await findAnchor(certificate, authorities, check);
    if (anchor !== undefined) return [...path, anchor];
  }
  throw new VerificationError("certificate_untrusted");
}

function verifyIssuer(certificate: Certificate, issuer: Certificate): void {
  if (!namesAsIssuer(certificate, issuer)) throw new VerificationError("certificate_untrusted");
  verifySigningProfile(issuer);
}

/** The authority that signed the certificate: valid ones first, since a renewed one may keep its key. */
async function findAnchor(
  certificate: Certificate,
  authorities: readonly X509Authority[],
  check: ValidityCheck,
): Promise<Certificate | undefined> {
  const candidates = authorities
    .filter((authority) => namesAsIssuer(certificate, authority.certificate))
    .sort((a, b) => Number(isValid(b.certificate, check)) - Number(isValid(a.certificate, check)))
    .slice(0, maxCandidates);
  for (const { certificate: anchor, key } of candidates) {
    if (await isSignedWith(certificate, key)) {
      verifyValidity(anchor, check);
      return anchor;
    }
  }
  return undefined;
}

/** Whether a certificate names another as its issuer; that says nothing about who signed it. */
function namesAsIssuer({ issuer, authorityKeyId }: Certificate, candidate: Certificate): boolean {
  const { subject, subjectKeyId } = candidate;
  const isKeyNamed =
    authorityKeyId === undefined ||
    subjectKeyId === undefined ||
    bytesEqual(authorityKeyId, subjectKeyId);
  return isKeyNamed && bytesEqual(issuer, subject);
}

function isValid(certificate: Certificate, check: ValidityCheck): boolean {
  return hasBegun(certificate, check) && certificate.notAfter >= check.now;
}

function hasBegun({ notBefore }: Certificate, { now, skewSeconds }: ValidityCheck): boolean {
  return notBefore - skewSeconds <= now;
}

function verifyValidity(certificate: Certificate, check: ValidityCheck): void {
  if (!hasBegun(certificate, check)) throw new VerificationError("certificate_not_yet_valid");
  if (!isValid(certificate, check)) throw new VerificationError("certificate_expired");
}

/** RFC 5280 §6.1.4 (l), (m): how many intermediates that are not self-issued may follow a CA. */
function verifyPathLengths([, ...issuers]: Path): void {
  let below = 0;
  for (const { pathLength, isSelfIssued } of issuers) {
    if (pathLength !== undefined && below > pathLength) {
      throw new VerificationError("certificate_path_length_exceeded");
    }
    if (!isSelfIssued) below++;
  }
}

/** The anchor's own signature on the topmost certificate was what made it the anchor. */
async function verifySignatures(presented: Path): Promise<void> {
  for (let at = presented.length - 1; at > 0; at--) {
    const [certificate, issuer] = presented.slice(at - 1, at + 1) as [Certificate, Certificate];
    if (!(await isSignedWith(certificate, await importKey(issuer)))) {
      throw new VerificationError("certificate_signature_invalid");
    }
  }
}

function verifyNames(path: Path): void {
  for (const [at, { nameConstraints }] of path.entries()) {
    if (nameConstraints === undefined) continue;
    for (const certificate of path.slice(0, at))
      verifyNameConstraints(certificate, nameConstraints);
  }
}
