import { runtime } from "#runtime";
import { VerificationError } from "../errors.js";
import type { PublicKey } from "../runtime/port.js";
import type { Certificate } from "./certificate.js";

/**
 * The key of a certificate, ready for use.
 *
 * @throws {VerificationError} `certificate_malformed` for a point off its curve and the like
 */
export async function importKey({ spki, keyShape }: Certificate): Promise<PublicKey> {
  try {
    return await runtime.importSpki(spki, keyShape);
  } catch (cause) {
    throw new VerificationError("certificate_malformed", { cause });
  }
}
