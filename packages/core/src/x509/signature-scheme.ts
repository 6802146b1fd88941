import { VerificationError } from "../errors.js";
import type { HashName, SignatureScheme } from "../runtime/port.js";
import { tags } from "./der.js";
import { derHex, hex, oidHex } from "./der-hex.js";
import type { DerElement } from "./der-reader.js";

interface HashForms {
  readonly oid: string;
  readonly ecdsa: string;
  readonly rsaPkcs1: string;
  /** Octets of the hash, and so of the salt. */
  readonly length: number;
}

const hashes: Record<HashName, HashForms> = {
  "SHA-256": {
    oid: "2.16.840.1.101.3.4.2.1",
    ecdsa: "1.2.840.10045.4.3.2",
    rsaPkcs1: "1.2.840.113549.1.1.11",
    length: 32,
  },
  "SHA-384": {
    oid: "2.16.840.1.101.3.4.2.2",
    ecdsa: "1.2.840.10045.4.3.3",
    rsaPkcs1: "1.2.840.113549.1.1.12",
    length: 48,
  },
  "SHA-512": {
    oid: "2.16.840.1.101.3.4.2.3",
    ecdsa: "1.2.840.10045.4.3.4",
    rsaPkcs1: "1.2.840.113549.1.1.13",
    length: 64,
  },
};

const absent = "";
const nothing = derHex(tags.null);

/** Every accepted AlgorithmIdentifier, parameters included, as hexadecimal DER. */
const schemes: ReadonlyMap<string, SignatureScheme> = new Map(
  (Object.keys(hashes) as HashName[]).flatMap((hash): [string, SignatureScheme][] => {
    const { ecdsa, rsaPkcs1 } = hashes[hash];
    return [
      [sequence(oidHex(ecdsa)), { family: "ecdsa", hash }],
      [sequence(oidHex(rsaPkcs1), nothing), { family: "rsa-pkcs1", hash }],
      [sequence(oidHex(rsaPkcs1)), { family: "rsa-pkcs1", hash }], // RFC 4055 §5
      [rsaPss(hashes[hash], nothing), { family: "rsa-pss", hash }],
      [rsaPss(hashes[hash], absent), { family: "rsa-pss", hash }], // RFC 4055 §2.1
    ];
  }),
);

/**
 * The scheme of a `signatureAlgorithm`: ECDSA, RSASSA-PKCS1-v1_5 or RSASSA-PSS with SHA-2; for PSS
 * with MGF1 over the same hash and a salt as long as it.
 *
 * @throws {VerificationError} `certificate_algorithm_unsupported`
 */
export function signatureSchemeOf(algorithm: DerElement): SignatureScheme {
  const scheme = schemes.get(hex(algorithm.der));
  if (scheme === undefined) throw new VerificationError("certificate_algorithm_unsupported");
  return scheme;
}

function rsaPss({ oid, length }: HashForms, hashParameters: string): string {
  const hash = sequence(oidHex(oid), hashParameters);
  const mask = sequence(oidHex("1.2.840.113549.1.1.8"), hash);
  const salt = derHex(tags.integer, hex([length]));
  const parameters = sequence(derHex(0xa0, hash), derHex(0xa1, mask), derHex(0xa2, salt));
  return sequence(oidHex("1.2.840.113549.1.1.10"), parameters);
}

function sequence(...contents: readonly string[]): string {
  return derHex(tags.sequence, ...contents);
}
