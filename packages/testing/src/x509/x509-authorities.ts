import type { TrustDomain } from "@firsthand/core";
import type { AuthorityOptions } from "../authorities.js";
import { type IssuedCertificate, issueCertificate } from "./certificate.js";
import type { CertificateTemplate } from "./template.js";

const daySeconds = 24 * 60 * 60;
const maxCommonNameLength = 64;

/** The X.509 authority of a trust domain: the root is in the bundle, the intermediate issues. */
export interface X509Authorities {
  readonly root: IssuedCertificate;
  readonly intermediate: IssuedCertificate;
}

export async function createX509Authorities(
  options: AuthorityOptions,
  generation: number,
  now: number,
): Promise<X509Authorities> {
  const { trustDomain, keyring, keyType } = options;
  const issue = async (
    role: "root" | "intermediate",
    deviation: Partial<CertificateTemplate>,
    issuer?: IssuedCertificate,
  ) => {
    const key = await keyring.authorityKey(`x509-${role}/${generation}`, keyType);
    const template = authorityTemplate(trustDomain, `${role} ${generation}`, now);
    return issueCertificate({ ...template, ...deviation }, key, issuer);
  };
  const root = await issue("root", options.root);
  return { root, intermediate: await issue("intermediate", options.intermediate, root) };
}

/** A signing certificate (X509-SVID §4), valid from a day ago for ten years. */
export function authorityTemplate(
  trustDomain: TrustDomain,
  role: string,
  now: number,
): CertificateTemplate {
  return {
    subject: `${role} of ${trustDomain}`.slice(0, maxCommonNameLength),
    notBefore: now - daySeconds,
    notAfter: now + 3650 * daySeconds,
    names: { uris: [`spiffe://${trustDomain}`] },
    basicConstraints: { ca: true },
    keyUsage: ["keyCertSign", "cRLSign"],
  };
}
