import { type TokenKind, VerificationError } from "../errors.js";
import type { TrustDomain } from "../spiffe/spiffe-id.js";
import type { TrustBundle } from "./trust-bundle.js";
import type { TrustSource } from "./trust-source.js";

/**
 * The bundle of exactly one trust domain.
 *
 * @throws {VerificationError} `trust_domain_unknown`; `trust_unavailable` when the source fails
 */
export function lookUpBundle(
  source: TrustSource,
  trustDomain: TrustDomain,
  token?: TokenKind,
): TrustBundle {
  let bundle: TrustBundle | undefined;
  try {
    bundle = source.trustBundle(trustDomain);
  } catch (cause) {
    throw new VerificationError("trust_unavailable", { token, cause });
  }
  if (bundle?.trustDomain !== trustDomain)
    throw new VerificationError("trust_domain_unknown", { token });
  return bundle;
}
