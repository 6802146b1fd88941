import type { X509SvidMaterial } from "@firsthand/core";
import { tamperJwt } from "./tamper-jwt.js";

/** A proof with another certificate chain in `x5c`, and signed with the key of its leaf. */
export function replaceCertificates(proof: string, svid: X509SvidMaterial): string {
  const x5c = svid.chain.map((certificate) => Buffer.from(certificate).toString("base64"));
  return tamperJwt(proof, { header: { x5c }, resignWith: svid.privateKey });
}
