import type { X509Credential } from "../credential/credential.js";
import { VerificationError } from "../errors.js";
import { proofAlgorithmOf } from "../jose/algorithms.js";
import type { VerifiedCredential } from "../proof/verified-credential.js";
import type { TrustSource } from "../trust/trust-source.js";
import { callerCredentialOf } from "../x509/caller-credential.js";
import type { ValidityCheck } from "../x509/path.js";
import { validateX509Svid } from "../x509/x509-svid.js";
import { formatByteSequences, parseList } from "./structured-field.js";

const token = "http-signature";
const maxLength = 12 * 1024;

/** The value of `Workload-Identity-Certificate`: a List of Byte Sequences, the leaf first. */
export function formatCertificateField({ chain }: X509Credential): string {
  return formatByteSequences(chain);
}

/**
 * Validates the X.509-SVID that travels with a signature. The verdict depends on nothing but its
 * text, the bundle and the time.
 *
 * @throws {VerificationError}
 */
export async function validateCertificateField(
  text: string,
  trust: TrustSource,
  check: ValidityCheck,
): Promise<VerifiedCredential> {
  if (text.length > maxLength) throw new VerificationError("token_too_large", { token });
  const chain = parseList(text).map(([der, parameters]) => {
    if (!(der instanceof ArrayBuffer) || parameters.size > 0) {
      throw new VerificationError("signature_malformed", { token });
    }
    return new Uint8Array(der);
  });
  const svid = await validateX509Svid(chain, trust, check, token);
  const { id, key, bundle } = svid;
  const algorithm = proofAlgorithmOf(key.shape);
  return { id, key, algorithm, bundle, record: callerCredentialOf(svid) };
}
