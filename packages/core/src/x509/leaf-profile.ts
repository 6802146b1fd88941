import { VerificationError } from "../errors.js";
import { parseWorkloadId, type SpiffeId } from "../spiffe/spiffe-id.js";
import type { Certificate } from "./certificate.js";
import { oidHex } from "./der-hex.js";

const serverAuth = oidHex("1.3.6.1.5.5.7.3.1");
const clientAuth = oidHex("1.3.6.1.5.5.7.3.2");

/**
 * Checks that a certificate has the form of a leaf X.509-SVID and returns its identity (X509-SVID
 * §2, §4, §5.2). Our own leaf and a peer's pass through here alike.
 *
 * @throws {VerificationError} `certificate_uri_missing`, `certificate_uri_multiple`,
 * `certificate_id_invalid`, `certificate_is_ca`, `certificate_key_usage_invalid`,
 * `certificate_extended_key_usage_invalid`, `certificate_extension_unsupported`
 */
export function verifyLeafProfile(certificate: Certificate): SpiffeId {
  const id = idOf(certificate);
  if (certificate.isCa) throw new VerificationError("certificate_is_ca");
  verifyKeyUsage(certificate);
  verifyExtendedKeyUsage(certificate);
  if (certificate.hasUnknownCritical) {
    throw new VerificationError("certificate_extension_unsupported");
  }
  return id;
}

function idOf({ alternativeNames }: Certificate): SpiffeId {
  const [uri, second] = alternativeNames.flatMap((name) => (name.kind === "uri" ? name.text : []));
  if (uri === undefined) throw new VerificationError("certificate_uri_missing");
  if (second !== undefined) throw new VerificationError("certificate_uri_multiple");
  try {
    return parseWorkloadId(uri);
  } catch (cause) {
    throw new VerificationError("certificate_id_invalid", { cause });
  }
}

function verifyKeyUsage({ keyUsage }: Certificate): void {
  const isForSigningData = keyUsage?.critical && keyUsage.digitalSignature;
  if (!isForSigningData || keyUsage.keyCertSign || keyUsage.cRLSign) {
    throw new VerificationError("certificate_key_usage_invalid");
  }
}

function verifyExtendedKeyUsage({ extendedKeyUsage: purposes }: Certificate): void {
  if (purposes === undefined) return;
  if (!purposes.includes(serverAuth) || !purposes.includes(clientAuth)) {
    throw new VerificationError("certificate_extended_key_usage_invalid");
  }
}
