import type { CertificateTemplate } from "@firsthand/testing";
import { T } from "../support/scene.js";
import { certify, type FixedCertificate } from "./certificate.js";
import { type FixedKey, fixedKey } from "./fixed-key.js";

const day = 86_400;
const serverAuth = "1.3.6.1.5.5.7.3.1";
const clientAuth = "1.3.6.1.5.5.7.3.2";

/** The authorities of a trust domain: the root and the WIT key are in its bundle. */
export interface FixedTrustDomain {
  readonly name: string;
  readonly root: FixedCertificate;
  readonly intermediate: FixedCertificate;
  readonly witKey: FixedKey;
  readonly witKeyId: string;
}

export const domain = trustDomain("td.example");
export const partner = trustDomain("partner.example");
/** Named like the real one in every way. */
export const impostor = trustDomain("td.example", "impostor of ");

/** A signing certificate as SPIRE issues it (X509-SVID §4). */
export function authorityTemplate(name: string, role: string): CertificateTemplate {
  return {
    subject: `${role} of ${name}`,
    notBefore: T - day,
    notAfter: T + 3650 * day,
    names: { uris: [`spiffe://${name}`] },
    basicConstraints: { ca: true },
    keyUsage: ["keyCertSign", "cRLSign"],
  };
}

/** A leaf as SPIRE issues it (X509-SVID §4). */
export function leafTemplate(id: string): CertificateTemplate {
  return {
    subject: "workload",
    notBefore: T - 10,
    notAfter: T + 3600,
    names: { uris: [id] },
    basicConstraints: { ca: false },
    keyUsage: ["digitalSignature", "keyEncipherment", "keyAgreement"],
    extendedKeyUsage: [serverAuth, clientAuth],
  };
}

/** The bundle documents that a verifier has: one has no keys at all. */
export const trustBundles: Readonly<Record<string, object>> = {
  "td.example": bundleOf(domain),
  "partner.example": bundleOf(partner),
  "empty.example": { keys: [], spiffe_sequence: 1 },
};

function trustDomain(name: string, prefix = ""): FixedTrustDomain {
  const key = (role: string) => fixedKey(`${prefix}${role} of ${name}`);
  const root = certify(authorityTemplate(name, "root"), key("root"));
  const template = authorityTemplate(name, "intermediate");
  const intermediate = certify(template, key("intermediate"), root);
  return { name, root, intermediate, witKey: key("WIT authority"), witKeyId: `wit of ${name}` };
}

function bundleOf({ root, witKey, witKeyId }: FixedTrustDomain): object {
  return {
    keys: [
      {
        use: "x509-svid",
        ...root.key.publicJwk,
        x5c: [Buffer.from(root.der).toString("base64")],
      },
      { use: "wit-svid", kid: witKeyId, ...witKey.publicJwk },
    ],
    spiffe_sequence: 1,
    spiffe_refresh_hint: 300,
  };
}
