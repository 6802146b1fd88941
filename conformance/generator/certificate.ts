import { type CertificateTemplate, issueCertificate } from "@firsthand/testing";
import { DerReader } from "../../packages/core/src/x509/der-reader.js";
import type { FixedKey } from "./fixed-key.js";

/** A certificate that comes out the same each time. */
export interface FixedCertificate {
  readonly der: Uint8Array;
  readonly subject: string;
  readonly key: FixedKey;
}

/** Issues what the template says, right or wrong. */
export function certify(
  template: CertificateTemplate,
  key: FixedKey,
  issuer: Pick<FixedCertificate, "subject" | "key"> = { subject: template.subject, key },
): FixedCertificate {
  const { certificate } = issueCertificate(template, key.privateKey, {
    subject: issuer.subject,
    key: issuer.key.privateKey,
  });
  return { der: signedAgain(certificate, issuer.key), subject: template.subject, key };
}

/** The same certificate under a signature that does not depend on chance. */
function signedAgain(certificate: Uint8Array, issuer: FixedKey): Uint8Array {
  const parts = new DerReader(certificate).enter();
  const tbs = parts.next().der;
  const algorithm = parts.next().der;
  const signature = element(0x03, Buffer.from([0]), issuer.sign(tbs, "der"));
  return new Uint8Array(element(0x30, tbs, algorithm, signature));
}

function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content)]), content]);
}

function lengthOf({ length }: Buffer): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}
