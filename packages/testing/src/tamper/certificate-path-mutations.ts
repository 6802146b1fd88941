import { createTrustDomain } from "../trust-domain.js";
import { workloadIdOf } from "../workload-id.js";
import { issueCertificate } from "../x509/certificate.js";
import { leafTemplate, x509SvidMaterial } from "../x509/issue-x509-svid.js";
import { authorityTemplate } from "../x509/x509-authorities.js";
import { badIntermediate, type CertificateMutation, mintIntermediate, mintLeaf } from "./mint.js";

/** The path from a leaf to a root of the trust domain (RFC 5280 §6, X509-SVID §5). */
export const certificatePathMutations = {
  chainEmpty: async (domain, workload) => ({ ...(await good(domain, workload)), chain: [] }),
  chainWithoutIntermediate: async (domain, workload) =>
    x509SvidMaterial(await mintLeaf(domain, workload)),
  chainReversed: async (domain, workload) => {
    const { chain, privateKey } = await good(domain, workload);
    return { chain: chain.toReversed(), privateKey };
  },
  chainTooLong: async (domain, workload) => {
    const { intermediate } = domain.authorities.x509;
    const padding = Array.from({ length: 64 }, () => intermediate);
    return x509SvidMaterial(await mintLeaf(domain, workload), ...padding);
  },
  leafWithTrailingByte: async (domain, workload) => {
    const { chain, privateKey } = await good(domain, workload);
    return { chain: chain.with(0, Uint8Array.of(...leafOf(chain), 0)), privateKey };
  },
  leafTruncated: async (domain, workload) => {
    const { chain, privateKey } = await good(domain, workload);
    return { chain: chain.with(0, leafOf(chain).subarray(0, -1)), privateKey };
  },
  leafSignatureBitFlipped: async (domain, workload) => {
    const { chain, privateKey } = await good(domain, workload);
    return { chain: chain.with(0, withLastBitFlipped(leafOf(chain))), privateKey };
  },

  leafSelfSigned: async (domain, workload) => {
    const { key } = await mintLeaf(domain, workload);
    const id = workloadIdOf(domain.name, workload);
    return x509SvidMaterial(issueCertificate(leafTemplate(id, domain.now()), key));
  },
  /** Everything is right, and named like the real thing, but another authority made it. */
  impostorOfSameName: async (domain, workload) => {
    const impostor = await createTrustDomain(domain.name, { clock: domain.clock });
    return good(impostor, workload);
  },
  /** The real intermediate, and a leaf that an impostor of its name signed. */
  issuerOfSameName: async (domain, workload) => {
    const { intermediate } = domain.authorities.x509;
    const issuer = await mintIntermediate(domain, { subject: intermediate.subject });
    return x509SvidMaterial(await mintLeaf(domain, workload, {}, { issuer }), intermediate);
  },
  /** Two authorities that vouch for each other, and no root. */
  issuersInCircle: async (domain, workload) => {
    const first = await mintIntermediate(domain, { subject: "first" });
    const second = await mintIntermediate(domain, { subject: "second" }, first);
    const template = authorityTemplate(domain.name, "", domain.now());
    const circle = issueCertificate({ ...template, subject: "first" }, first.key, second);
    const leaf = await mintLeaf(domain, workload, {}, { issuer: second });
    return x509SvidMaterial(leaf, second, circle);
  },

  intermediateNotCa: badIntermediate({ basicConstraints: { ca: false }, keyUsage: undefined }),
  intermediateWithoutBasicConstraints: badIntermediate({ basicConstraints: undefined }),
  intermediateWithoutCertSign: badIntermediate({ keyUsage: ["digitalSignature", "cRLSign"] }),
  intermediateExpired: badIntermediate(({ notBefore }) => ({ notAfter: notBefore + 3600 })),
  intermediateNotYetValid: badIntermediate(({ notBefore }) => ({
    notBefore: notBefore + 2 * 24 * 3600,
  })),
  intermediateCriticalUnknown: badIntermediate({
    extraExtensions: [{ oid: "1.3.6.1.4.1.55555.1", critical: true, value: Uint8Array.of(5, 0) }],
  }),
  intermediateExcludesName: badIntermediate({
    nameConstraints: { permitted: { uris: ["another.example"] } },
  }),
  /** One intermediate more than `pathLength` of the first allows. */
  pathLengthExceeded: async (domain, workload) => {
    const first = await mintIntermediate(domain, {
      subject: "first",
      basicConstraints: { ca: true, pathLength: 0 },
    });
    const second = await mintIntermediate(domain, { subject: "second" }, first);
    const leaf = await mintLeaf(domain, workload, {}, { issuer: second });
    return x509SvidMaterial(leaf, second, first);
  },
  /** A neighbour issues for this workload with its own good X.509-SVID. */
  neighbourAsIssuer: async (domain, workload) => {
    const neighbour = await mintLeaf(domain, "/neighbour", { subject: "neighbour" });
    const leaf = await mintLeaf(domain, workload, {}, { issuer: neighbour });
    return x509SvidMaterial(leaf, neighbour, domain.authorities.x509.intermediate);
  },
  expiredNeighbourAsIssuer: async (domain, workload) => {
    const neighbour = await mintLeaf(domain, "/neighbour", ({ notBefore }) => ({
      subject: "neighbour",
      notAfter: notBefore + 1,
    }));
    const leaf = await mintLeaf(domain, workload, {}, { issuer: neighbour });
    return x509SvidMaterial(leaf, neighbour, domain.authorities.x509.intermediate);
  },
  /** This domain's authority signs for a workload of another. */
  foreignTrustDomain: (domain) => good(domain, "spiffe://foreign.example/workload"),
} as const satisfies Record<string, CertificateMutation>;

const good: CertificateMutation = async (domain, workload) =>
  x509SvidMaterial(await mintLeaf(domain, workload), domain.authorities.x509.intermediate);

function leafOf([leaf = new Uint8Array()]: readonly Uint8Array[]): Uint8Array {
  return leaf;
}

function withLastBitFlipped(der: Uint8Array): Uint8Array {
  return der.with(-1, (der.at(-1) ?? 0) ^ 1);
}
