import { SpiffeId } from "@firsthand/core";
import { malformed } from "./malformed.js";
import { type MessageFields, readMessage } from "./protobuf-reader.js";
import { writeText } from "./protobuf-writer.js";

/** Everything that the X.509 profile says (Workload API §5.1). Each response is the whole state. */
export interface X509SvidResponse {
  readonly svids: readonly X509SvidEntry[];
  /** Revocation lists, DER. */
  readonly crl: readonly Uint8Array[];
  /** Concatenated DER certificates by SPIFFE ID of the trust domain, such as `spiffe://a.example`. */
  readonly federatedBundles: ReadonlyMap<string, Uint8Array>;
}

/** One X.509-SVID as it is delivered. */
export interface X509SvidEntry {
  readonly spiffeId: string;
  /** Concatenated DER, the leaf first. */
  readonly certificates: Uint8Array;
  /** PKCS#8 DER, unencrypted. A view into memory of its own: fill it with zeros once it is imported. */
  readonly key: Uint8Array;
  /** Concatenated DER certificates of the trust domain of this SVID. */
  readonly bundle: Uint8Array;
  readonly hint: string;
}

/** The X.509 bundles of every trust domain (Workload API §5). */
export interface X509BundlesResponse {
  readonly crl: readonly Uint8Array[];
  /** Concatenated DER certificates by SPIFFE ID of the trust domain. */
  readonly bundles: ReadonlyMap<string, Uint8Array>;
}

/** The answer to a {@link JwtSvidRequest} (Workload API §6). */
export interface JwtSvidResponse {
  readonly svids: readonly JwtSvidEntry[];
}

/** One JWT-SVID as it is delivered. */
export interface JwtSvidEntry {
  readonly spiffeId: string;
  readonly token: string;
  readonly hint: string;
}

/** The JWT bundles of every trust domain (Workload API §6). */
export interface JwtBundlesResponse {
  /** JWKS documents by SPIFFE ID of the trust domain. */
  readonly bundles: ReadonlyMap<string, Uint8Array>;
}

/** Everything that the WIT profile says (Workload API §7.1). Each response is the whole state. */
export interface WitSvidResponse {
  readonly svids: readonly WitSvidEntry[];
}

/** One WIT-SVID as it is delivered. */
export interface WitSvidEntry {
  readonly spiffeId: string;
  readonly token: string;
  /** The private key, the text of a JWK. */
  readonly privateKey: string;
  readonly hint: string;
}

/** The WIT bundles of every trust domain (Workload API §7). */
export interface WitBundlesResponse {
  /** JWKS documents by SPIFFE ID of the trust domain. */
  readonly bundles: ReadonlyMap<string, string>;
}

/** What an application asks the JWT profile for (Workload API §6.2.1). */
export interface JwtSvidRequest {
  /** At least one. */
  readonly audience: readonly string[];
  /** The SPIFFE ID to have, when the workload has several. Default: all of them. */
  readonly id?: string | undefined;
}

export function readX509SvidResponse(message: Uint8Array): X509SvidResponse {
  const fields = readMessage(message);
  return {
    svids: fields.all(1).map(readX509SvidEntry),
    crl: fields.all(2),
    federatedBundles: readBundles(fields.all(3), (entry) => entry.bytes(2)),
  };
}

function readX509SvidEntry(message: Uint8Array): X509SvidEntry {
  const fields = readMessage(message);
  return {
    spiffeId: fields.text(1),
    certificates: fields.bytes(2),
    key: fields.bytes(3),
    bundle: fields.bytes(4),
    hint: fields.text(5),
  };
}

export function readX509BundlesResponse(message: Uint8Array): X509BundlesResponse {
  const fields = readMessage(message);
  return {
    crl: fields.all(1),
    bundles: readBundles(fields.all(2), (entry) => entry.bytes(2)),
  };
}

export function readJwtSvidResponse(message: Uint8Array): JwtSvidResponse {
  return { svids: readMessage(message).all(1).map(readJwtSvidEntry) };
}

function readJwtSvidEntry(message: Uint8Array): JwtSvidEntry {
  const fields = readMessage(message);
  return { spiffeId: fields.text(1), token: fields.text(2), hint: fields.text(3) };
}

export function readJwtBundlesResponse(message: Uint8Array): JwtBundlesResponse {
  return { bundles: readBundles(readMessage(message).all(1), (entry) => entry.bytes(2)) };
}

export function readWitSvidResponse(message: Uint8Array): WitSvidResponse {
  return { svids: readMessage(message).all(1).map(readWitSvidEntry) };
}

function readWitSvidEntry(message: Uint8Array): WitSvidEntry {
  const fields = readMessage(message);
  return {
    spiffeId: fields.text(1),
    token: fields.text(2),
    privateKey: fields.text(3),
    hint: fields.text(4),
  };
}

export function readWitBundlesResponse(message: Uint8Array): WitBundlesResponse {
  return { bundles: readBundles(readMessage(message).all(1), (entry) => entry.text(2)) };
}

/** A `map` by trust domain. Nothing that serialises a map names a key twice, so that is refused. */
function readBundles<T>(
  entries: readonly Uint8Array[],
  readValue: (entry: MessageFields) => T,
): ReadonlyMap<string, T> {
  const bundles = new Map<string, T>();
  for (const content of entries) {
    const entry = readMessage(content);
    const key = entry.text(1);
    if (!isTrustDomainId(key)) throw malformed("a bundle is not named for a trust domain");
    if (bundles.has(key)) throw malformed("a trust domain has two bundles");
    bundles.set(key, readValue(entry));
  }
  return bundles;
}

function isTrustDomainId(text: string): boolean {
  try {
    return SpiffeId.parse(text).path === "";
  } catch {
    return false;
  }
}

export function writeJwtSvidRequest(request: JwtSvidRequest): Uint8Array {
  const id = request.id === undefined ? [] : [writeText(2, request.id)];
  return Buffer.concat([...request.audience.map((audience) => writeText(1, audience)), ...id]);
}
