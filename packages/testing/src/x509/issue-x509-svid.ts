import {
  loadX509Svid,
  type SpiffeId,
  type X509Credential,
  type X509SvidMaterial,
} from "@firsthand/core";
import type { Keyring, KeyType } from "../keys.js";
import { pem } from "../pem.js";
import { type IssuedCertificate, issueCertificate } from "./certificate.js";
import type { CertificateTemplate } from "./template.js";
import type { X509Authorities } from "./x509-authorities.js";

const serverAuth = "1.3.6.1.5.5.7.3.1";
const clientAuth = "1.3.6.1.5.5.7.3.2";

const backdatingSeconds = 10;
const defaultTtlSeconds = 60 * 60;

/** How an X.509-SVID differs from the usual one. */
export interface IssueX509SvidOptions {
  /** Of the workload's key; by default P-256. */
  readonly keyType?: KeyType | undefined;
  /** By default one hour; from now, or from `notBefore` where that is given. */
  readonly ttlSeconds?: number | undefined;
  /** Seconds since the epoch; by default ten seconds ago. */
  readonly notBefore?: number | undefined;
  /** DNS names beside the SPIFFE ID. */
  readonly dnsNames?: readonly string[] | undefined;
}

/** An X.509-SVID in every form that a consumer may want. */
export interface IssuedX509Svid extends X509SvidMaterial {
  readonly credential: X509Credential;
  /** The chain as PEM. */
  readonly chainPem: string;
  /** PKCS#8 as PEM. */
  readonly privateKeyPem: string;
}

export async function issueX509Svid(
  authority: X509Authorities,
  id: SpiffeId,
  now: number,
  keyring: Keyring,
  options: IssueX509SvidOptions,
): Promise<IssuedX509Svid> {
  const key = await keyring.workloadKey(`x509-svid/${id}`, options.keyType ?? "P-256");
  const { intermediate } = authority;
  const leaf = issueCertificate(leafTemplate(id, now, options), key, intermediate);
  const material = x509SvidMaterial(leaf, intermediate);
  return {
    ...material,
    credential: await loadX509Svid(material),
    chainPem: material.chain.map((certificate) => pem("CERTIFICATE", certificate)).join(""),
    privateKeyPem: pem("PRIVATE KEY", material.privateKey),
  };
}

/** A leaf certificate as SPIRE issues it (X509-SVID §4, Appendix A). */
export function leafTemplate(
  id: SpiffeId,
  now: number,
  options: IssueX509SvidOptions = {},
): CertificateTemplate {
  const { notBefore, ttlSeconds = defaultTtlSeconds } = options;
  return {
    subject: "workload",
    notBefore: notBefore ?? now - backdatingSeconds,
    notAfter: (notBefore ?? now) + ttlSeconds,
    names: { uris: [id.toString()], dnsNames: options.dnsNames },
    basicConstraints: { ca: false },
    keyUsage: ["digitalSignature", "keyEncipherment", "keyAgreement"],
    extendedKeyUsage: [serverAuth, clientAuth],
  };
}

/** A leaf, its key and what issued it, as the Workload API delivers them. */
export function x509SvidMaterial(
  leaf: IssuedCertificate,
  ...intermediates: readonly IssuedCertificate[]
): X509SvidMaterial {
  return {
    chain: [leaf, ...intermediates].map(({ certificate }) => certificate),
    privateKey: new Uint8Array(leaf.key.export({ format: "der", type: "pkcs8" })),
  };
}
