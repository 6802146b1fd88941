/** The names in a certificate, by type (RFC 5280 §4.2.1.6). */
export interface CertificateNames {
  readonly uris?: readonly string[] | undefined;
  readonly dnsNames?: readonly string[] | undefined;
  readonly emails?: readonly string[] | undefined;
}

/** A bit of the key usage extension (RFC 5280 §4.2.1.3). */
export type KeyUsageName =
  | "digitalSignature"
  | "keyEncipherment"
  | "keyAgreement"
  | "keyCertSign"
  | "cRLSign";

/** An extension as it is encoded, for what a template has no word for. */
export interface RawExtension {
  readonly oid: string;
  readonly critical: boolean;
  /** DER of the value. */
  readonly value: Uint8Array;
}

/** What a certificate says, before anybody signed it. What is undefined is left out. */
export interface CertificateTemplate {
  /** The common name, which is the whole subject. */
  readonly subject: string;
  /** Seconds since the epoch. */
  readonly notBefore: number;
  /** Seconds since the epoch. */
  readonly notAfter: number;
  readonly names: CertificateNames;
  readonly basicConstraints?:
    | { readonly ca: boolean; readonly pathLength?: number | undefined }
    | undefined;
  /** Always critical. */
  readonly keyUsage?: readonly KeyUsageName[] | undefined;
  /** Object identifiers of purposes. */
  readonly extendedKeyUsage?: readonly string[] | undefined;
  /** Always critical. */
  readonly nameConstraints?:
    | {
        readonly permitted?: CertificateNames | undefined;
        readonly excluded?: CertificateNames | undefined;
      }
    | undefined;
  /** After all others, as they are. */
  readonly extraExtensions?: readonly RawExtension[] | undefined;
  /** By default 3. */
  readonly version?: 1 | 3 | undefined;
  /** Big-endian two's complement; by default 16 bytes of a hash over the content. */
  readonly serialNumber?: Uint8Array | undefined;
  /** By default the algorithm that the issuer signs with. */
  readonly innerSignatureAlgorithm?: string | undefined;
}
