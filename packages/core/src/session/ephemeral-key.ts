import { base64url, fromBase64url } from "../encoding.js";
import type { Agreement } from "../runtime/secrets-port.js";

const pointBytes = 65;
const uncompressed = 0x04;

/**
 * Agrees with the holder of an ephemeral key: an uncompressed point on P-256 (SEC 1 §2.3.4). The group
 * has a prime order, so that a point on the curve is all there is to check (SP 800-56A §5.6.2.3).
 *
 * @returns undefined for anything that is not such a point
 */
export async function agreeWith(
  agreement: Agreement,
  otherKey: unknown,
): Promise<Uint8Array | undefined> {
  const point = typeof otherKey === "string" ? fromBase64url(otherKey) : undefined;
  if (point?.length !== pointBytes || point[0] !== uncompressed) return undefined;
  try {
    return await agreement.agree(point);
  } catch {
    return undefined;
  }
}

/** The form in which an ephemeral key travels. */
export function textOfKey({ publicKey }: Agreement): string {
  return base64url(publicKey);
}
