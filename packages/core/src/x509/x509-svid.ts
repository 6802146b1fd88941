import { type TokenKind, VerificationError } from "../errors.js";
import { hashBytes } from "../hash.js";
import type { PublicKey } from "../runtime/port.js";
import type { SpiffeId } from "../spiffe/spiffe-id.js";
import { lookUpBundle } from "../trust/bundle-lookup.js";
import type { TrustBundle } from "../trust/trust-bundle.js";
import type { TrustSource } from "../trust/trust-source.js";
import type { Certificate } from "./certificate.js";
import { parseCertificateChain } from "./certificate-chain.js";
import { importKey } from "./import-key.js";
import { verifyLeafProfile } from "./leaf-profile.js";
import { type ValidityCheck, verifyPath } from "./path.js";

/** An X.509-SVID that its trust domain issued. It says nothing about the sender without a proof. */
export interface ValidatedX509Svid {
  readonly id: SpiffeId;
  /** The leaf. */
  readonly certificate: Certificate;
  /** The key of the leaf. */
  readonly key: PublicKey;
  /** The bundle that vouches for it. */
  readonly bundle: TrustBundle;
  /** Seconds since the epoch; of the leaf. */
  readonly notBefore: number;
  /** Seconds since the epoch: the earliest `notAfter` of the path, authority included. */
  readonly expiresAt: number;
  /** base64url SHA-256 of the leaf. */
  readonly thumbprint: string;
}

/**
 * Validates an X.509-SVID (X509-SVID §5) against the bundle of exactly its own trust domain.
 *
 * @param chain DER, leaf first, then each issuer of the one before
 * @param token the kind of token that carries it, for error messages
 * @throws {VerificationError} with a `certificate_…` code, `trust_domain_unknown`,
 * `trust_bundle_empty`, `trust_unavailable`
 */
export async function validateX509Svid(
  chain: readonly Uint8Array[],
  trust: TrustSource,
  check: ValidityCheck,
  token?: TokenKind,
): Promise<ValidatedX509Svid> {
  const certificates = parseCertificateChain(chain);
  const [certificate] = certificates;
  const id = verifyLeafProfile(certificate);
  const bundle = lookUpBundle(trust, id.trustDomain, token);
  const { x509Authorities } = bundle;
  if (x509Authorities.length === 0) throw new VerificationError("trust_bundle_empty", { token });
  const expiresAt = await verifyPath(certificates, x509Authorities, check);
  return Object.freeze({
    id,
    certificate,
    key: await importKey(certificate),
    bundle,
    notBefore: certificate.notBefore,
    expiresAt,
    thumbprint: await hashBytes(certificate.der),
  });
}
