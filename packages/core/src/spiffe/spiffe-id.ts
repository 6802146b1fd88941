const maxIdBytes = 2048;
const maxTrustDomainBytes = 255;

const messages = {
  not_string: "a SPIFFE ID is a string",
  empty: "the SPIFFE ID is empty",
  too_long: "the SPIFFE ID is longer than 2048 bytes",
  scheme_invalid: "the identifier does not start with spiffe://",
  trust_domain_missing: "the SPIFFE ID has no trust domain",
  trust_domain_invalid:
    "a trust domain has only lower-case letters, digits, dots, dashes and underscores",
  trust_domain_too_long: "the trust domain is longer than 255 bytes",
  path_invalid: "a path segment has only letters, digits, dots, dashes and underscores",
  path_empty_segment: "the path has an empty segment",
  path_dot_segment: "the path has a dot segment",
  path_trailing_slash: "the path ends with a slash",
  path_missing: "the SPIFFE ID names a trust domain, not a workload: it has no path",
} as const;

/** Which rule of the SPIFFE ID specification a text breaks. */
export type SpiffeIdErrorCode = keyof typeof messages;

/** A text is not a SPIFFE ID or trust domain name (SPIFFE-ID §2). */
export class SpiffeIdError extends Error {
  override readonly name = "SpiffeIdError";
  readonly code: SpiffeIdErrorCode;

  constructor(code: SpiffeIdErrorCode) {
    super(messages[code]);
    this.code = code;
  }
}

/** The name of a trust domain, such as `shop.example`. A plain string that was checked. */
export type TrustDomain = string & { readonly __trustDomain: never };

/** `wimse` is accepted under the WIMSE profile only (draft-ietf-wimse-identifier-03 §3). */
export type IdScheme = "spiffe" | "wimse";

/** A SPIFFE ID (SPIFFE-ID §2). Immutable; two are equal when their texts are. */
export class SpiffeId {
  readonly scheme: IdScheme;
  readonly trustDomain: TrustDomain;
  /** With its leading slash, or empty for the ID of a trust domain. */
  readonly path: string;
  readonly #text: string;

  private constructor(scheme: IdScheme, trustDomain: TrustDomain, path: string) {
    this.scheme = scheme;
    this.trustDomain = trustDomain;
    this.path = path;
    this.#text = `${scheme}://${trustDomain}${path}`;
    Object.freeze(this);
  }

  /**
   * Reads a SPIFFE ID by a byte scan: nothing is decoded, normalised or lower-cased.
   *
   * @param schemes which schemes are accepted; by default only `spiffe`
   * @throws {SpiffeIdError} with the code of the first rule that is broken
   */
  static parse(text: unknown, schemes: readonly IdScheme[] = ["spiffe"]): SpiffeId {
    if (typeof text !== "string") throw new SpiffeIdError("not_string");
    if (text === "") throw new SpiffeIdError("empty");
    const scheme = schemes.find((accepted) => text.startsWith(`${accepted}://`));
    if (scheme === undefined) throw new SpiffeIdError("scheme_invalid");
    if (text.length > maxIdBytes) throw new SpiffeIdError("too_long");
    const start = scheme.length + 3;
    const slash = text.indexOf("/", start);
    const end = slash === -1 ? text.length : slash;
    const trustDomain = parseTrustDomain(text.slice(start, end));
    const path = text.slice(end);
    checkPath(path);
    return new SpiffeId(scheme, trustDomain, path);
  }

  /** Whether both are the same identity: trust domain and path, byte by byte. */
  equals(other: SpiffeId): boolean {
    return this.#text === other.#text;
  }

  toString(): string {
    return this.#text;
  }

  toJSON(): string {
    return this.#text;
  }
}

/**
 * Reads the SPIFFE ID of a workload, which has a path (X509-SVID §4.1, JWT-SVID §3.1).
 *
 * @throws {SpiffeIdError}
 */
export function parseWorkloadId(text: unknown, schemes?: readonly IdScheme[]): SpiffeId {
  const id = SpiffeId.parse(text, schemes);
  if (id.path === "") throw new SpiffeIdError("path_missing");
  return id;
}

/**
 * Reads a bare trust domain name, such as `shop.example` (SPIFFE-ID §2.1).
 *
 * @throws {SpiffeIdError}
 */
export function parseTrustDomain(text: unknown): TrustDomain {
  if (typeof text !== "string") throw new SpiffeIdError("not_string");
  if (text === "") throw new SpiffeIdError("trust_domain_missing");
  for (let i = 0; i < text.length; i++) {
    if (!isTrustDomainByte(text.charCodeAt(i))) throw new SpiffeIdError("trust_domain_invalid");
  }
  if (text.length > maxTrustDomainBytes) throw new SpiffeIdError("trust_domain_too_long");
  return text as TrustDomain;
}

/** Whether a value is the name of a trust domain. */
export function isTrustDomain(value: unknown): value is TrustDomain {
  try {
    parseTrustDomain(value);
    return true;
  } catch {
    return false;
  }
}

function checkPath(path: string): void {
  if (path === "") return;
  if (path.endsWith("/")) throw new SpiffeIdError("path_trailing_slash");
  for (const segment of path.slice(1).split("/")) checkSegment(segment);
}

function checkSegment(segment: string): void {
  if (segment === "") throw new SpiffeIdError("path_empty_segment");
  if (segment === "." || segment === "..") throw new SpiffeIdError("path_dot_segment");
  for (let i = 0; i < segment.length; i++) {
    if (!isPathByte(segment.charCodeAt(i))) throw new SpiffeIdError("path_invalid");
  }
}

/** Whether the byte may stand in a trust domain name: `[a-z0-9.-_]`. */
function isTrustDomainByte(code: number): boolean {
  return isLowerOrDigit(code) || code === 0x2d || code === 0x2e || code === 0x5f;
}

/** Whether the byte may stand in a path segment: `[a-zA-Z0-9.-_]`. */
export function isPathByte(code: number): boolean {
  return isTrustDomainByte(code) || (code >= 0x41 && code <= 0x5a);
}

function isLowerOrDigit(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39);
}
