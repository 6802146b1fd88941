import type { X509SvidMaterial } from "@firsthand/core";
import { generateKey, type KeyType } from "../keys.js";
import type { TestTrustDomain } from "../trust-domain.js";
import { type Workload, workloadIdOf } from "../workload-id.js";
import { type IssuedCertificate, issueCertificate } from "../x509/certificate.js";
import { leafTemplate, x509SvidMaterial } from "../x509/issue-x509-svid.js";
import type { CertificateTemplate } from "../x509/template.js";
import { authorityTemplate } from "../x509/x509-authorities.js";

/** Issues an X.509-SVID with one thing wrong. Its key is good: proofs can be made with it. */
export type CertificateMutation = (
  domain: TestTrustDomain,
  workload: Workload,
) => Promise<X509SvidMaterial>;

/** What a certificate says instead of what it should say. */
export type Deviation =
  | Partial<CertificateTemplate>
  | ((good: CertificateTemplate) => Partial<CertificateTemplate>);

/** How a mutation signs a leaf. */
export interface MintOptions {
  readonly issuer?: IssuedCertificate | undefined;
  readonly keyType?: KeyType | undefined;
}

/** A leaf that differs from a good one; by default under the domain's intermediate. */
export async function mintLeaf(
  domain: TestTrustDomain,
  workload: Workload,
  deviation: Deviation = {},
  { issuer = domain.authorities.x509.intermediate, keyType = "P-256" }: MintOptions = {},
): Promise<IssuedCertificate> {
  const good = leafTemplate(workloadIdOf(domain.name, workload), domain.now());
  return issueCertificate(deviate(good, deviation), await generateKey(keyType), issuer);
}

/** A signing certificate that differs from a good one; by default under the domain's root. */
export async function mintIntermediate(
  domain: TestTrustDomain,
  deviation: Deviation = {},
  issuer: IssuedCertificate = domain.authorities.x509.root,
): Promise<IssuedCertificate> {
  const good = authorityTemplate(domain.name, "intermediate", domain.now());
  return issueCertificate(deviate(good, deviation), await generateKey("P-256"), issuer);
}

/** The mutation that only changes the leaf. */
export function badLeaf(deviation: Deviation, keyType?: KeyType): CertificateMutation {
  return async (domain, workload) => {
    const leaf = await mintLeaf(domain, workload, deviation, { keyType });
    return x509SvidMaterial(leaf, domain.authorities.x509.intermediate);
  };
}

/** The mutation that only changes the intermediate above a good leaf. */
export function badIntermediate(deviation: Deviation): CertificateMutation {
  return async (domain, workload) => {
    const intermediate = await mintIntermediate(domain, deviation);
    const leaf = await mintLeaf(domain, workload, {}, { issuer: intermediate });
    return x509SvidMaterial(leaf, intermediate);
  };
}

function deviate(good: CertificateTemplate, deviation: Deviation): CertificateTemplate {
  return { ...good, ...(typeof deviation === "function" ? deviation(good) : deviation) };
}
