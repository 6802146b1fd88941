import { runtime } from "#runtime";
import type { PublicKey } from "../runtime/port.js";
import { fieldLengths } from "../runtime/signature-length.js";
import type { Certificate } from "./certificate.js";
import { tags } from "./der.js";
import { readSequence } from "./der-reader.js";
import { positiveInteger } from "./der-values.js";

/**
 * Whether the certificate was signed with the private half of the key.
 *
 * @throws {VerificationError} `certificate_malformed` for an ECDSA signature that is not DER
 */
export async function isSignedWith(certificate: Certificate, key: PublicKey): Promise<boolean> {
  const { signatureScheme: scheme, tbs, signature } = certificate;
  if (scheme.family !== "ecdsa") {
    return key.shape.kind === "rsa" && runtime.verify(scheme, key, tbs, signature);
  }
  if (key.shape.kind !== "ec") return false;
  const fixed = fixedEcdsaSignature(signature, fieldLengths[key.shape.curve]);
  return fixed !== undefined && runtime.verify(scheme, key, tbs, fixed);
}

/**
 * An ECDSA signature in the form of certificates, SEQUENCE { r, s } (RFC 3279 §2.2.3), as r‖s with
 * `length` octets each; undefined when one does not fit.
 *
 * @throws {VerificationError} `certificate_malformed`
 */
function fixedEcdsaSignature(der: Uint8Array, length: number): Uint8Array | undefined {
  const reader = readSequence(der);
  const r = positiveInteger(reader.next(tags.integer));
  const s = positiveInteger(reader.next(tags.integer));
  reader.end();
  if (r.length > length || s.length > length) return undefined;
  const fixed = new Uint8Array(2 * length);
  fixed.set(r, length - r.length);
  fixed.set(s, 2 * length - s.length);
  return fixed;
}
