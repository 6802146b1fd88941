import { fromBase64url } from "../encoding.js";
import { printable } from "../printable.js";
import type { ProofRequest } from "../proof/proof-request.js";
import { type Certificate, parseCertificate } from "../x509/certificate.js";
import { addTo, type ForwardedElement, parseForwardedClientCert } from "./forwarded-client-cert.js";

/**
 * What proxies and gateways say about the caller, in header fields that anybody can send. It is for
 * the record and takes part in no decision. Texts are printable and cut.
 */
export interface ProxyClaims {
  /** `X-Forwarded-Client-Cert` of Envoy: one for each hop, the nearest last. */
  readonly forwarded: readonly ForwardedPeer[];
  /** `Client-Cert` (RFC 9440). */
  readonly clientCert: ClaimedCertificate | undefined;
  /**
   * Names of further fields by which access proxies, load balancers and meshes vouch for a caller, in
   * lower case. They are not looked into.
   */
  readonly assertions: readonly string[];
  /** Names of fields that are there and cannot be read, in lower case. */
  readonly unreadable: readonly string[];
}

/** The peer of one hop, as its proxy tells. */
export interface ForwardedPeer {
  /** What the peer's certificate says it is. */
  readonly uri: readonly string[];
  readonly dns: readonly string[];
  readonly subject: string | undefined;
  /** Hexadecimal SHA-256 of the certificate. */
  readonly hash: string | undefined;
  /** Who the proxy is that tells. */
  readonly by: readonly string[];
}

/** The certificate that a proxy tells of. Nothing in it was validated. */
export interface ClaimedCertificate {
  readonly uri: readonly string[];
  readonly dns: readonly string[];
  /** Hexadecimal. */
  readonly serialNumber: string;
}

const forwardedClientCert = "x-forwarded-client-cert";
const clientCert = "client-cert";

const assertionFields: ReadonlySet<string> = new Set([
  // access proxies
  "x-goog-iap-jwt-assertion",
  "x-goog-authenticated-user-email",
  "cf-access-jwt-assertion",
  "x-amzn-oidc-data",
  "x-ms-client-principal",
  "x-pomerium-jwt-assertion",
  "x-forwarded-user",
  // load balancers that end mutual TLS
  "client-cert-chain",
  "x-amzn-mtls-clientcert",
  "x-amzn-mtls-clientcert-leaf",
  "x-client-cert",
  "x-ssl-client-cert",
  "ssl-client-cert",
  "x-forwarded-tls-client-cert",
  // meshes
  "l5d-client-id",
  "x-envoy-peer-metadata",
  "x-envoy-peer-metadata-id",
  "x-istio-attributes",
]);

const noClaims: ProxyClaims = Object.freeze({
  forwarded: [],
  clientCert: undefined,
  assertions: [],
  unreadable: [],
});

/** Reads them from the raw list. Never throws: what cannot be read is said to be unreadable. */
export function readProxyClaims(headers: ProofRequest["headers"]): ProxyClaims {
  const fields = claimFields(headers);
  if (fields.size === 0) return noClaims;
  const forwarded = forwardedPeers(fields.get(forwardedClientCert));
  const certificate = claimedCertificate(fields.get(clientCert));
  const unreadable: string[] = [];
  if (forwarded === "unreadable") unreadable.push(forwardedClientCert);
  if (certificate === "unreadable") unreadable.push(clientCert);
  return Object.freeze({
    forwarded: forwarded === "unreadable" ? [] : forwarded,
    clientCert: certificate === "unreadable" ? undefined : certificate,
    assertions: [...fields.keys()].filter((name) => assertionFields.has(name)),
    unreadable,
  });
}

function claimFields(headers: ProofRequest["headers"]): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  for (const [name, value] of headers) {
    const field = name.toLowerCase();
    const isClaim = field === forwardedClientCert || field === clientCert;
    if (!isClaim && !assertionFields.has(field)) continue;
    addTo(fields, field, String(value));
  }
  return fields;
}

/** A field that occurs several times is one list (RFC 9110 §5.3). */
function forwardedPeers(values: readonly string[] = []): readonly ForwardedPeer[] | "unreadable" {
  if (values.length === 0) return [];
  const elements = parseForwardedClientCert(values.join(","));
  return elements === undefined ? "unreadable" : elements.map(forwardedPeer);
}

function forwardedPeer(element: ForwardedElement): ForwardedPeer {
  const texts = (key: string) => printableNames(element.get(key) ?? []);
  return Object.freeze({
    uri: texts("uri"),
    dns: texts("dns"),
    subject: texts("subject")[0],
    hash: texts("hash")[0],
    by: texts("by"),
  });
}

/** An Item that is a Byte Sequence, once (RFC 9440 §2.2). */
function claimedCertificate(
  values: readonly string[] = [],
): ClaimedCertificate | "unreadable" | undefined {
  const [value, another] = values;
  if (value === undefined) return undefined;
  const encoded = /^[\t ]*:([A-Za-z0-9+/]+)={0,2}:[\t ]*$/.exec(value)?.[1];
  if (encoded === undefined || another !== undefined) return "unreadable";
  const der = fromBase64url(encoded.replaceAll("+", "-").replaceAll("/", "_"));
  try {
    return certificateClaim(parseCertificate(der as Uint8Array));
  } catch {
    return "unreadable";
  }
}

function certificateClaim({ alternativeNames, serialNumber }: Certificate): ClaimedCertificate {
  const texts = (kind: "uri" | "dns") =>
    printableNames(alternativeNames.flatMap((name) => (name.kind === kind ? [name.text] : [])));
  return Object.freeze({ uri: texts("uri"), dns: texts("dns"), serialNumber });
}

const maxNames = 8;
const maxNameLength = 2048; // a SPIFFE ID may be that long (SPIFFE-ID §2.3)

function printableNames(texts: readonly string[]): readonly string[] {
  return texts.slice(0, maxNames).map((text) => printable(text, maxNameLength));
}
