import { VerificationError } from "../errors.js";
import { fitsKey, type JwsAlgorithm } from "../jose/algorithms.js";
import {
  type JoseHeader,
  type JwsProfile,
  type JwsSegments,
  verifySignature,
} from "../jose/compact-jws.js";
import type { VerificationCode } from "../refusal-codes.js";
import type { TokenAuthority } from "../trust/trust-bundle.js";

const maxTrials = 10;

type Authorities = ReadonlyMap<string, TokenAuthority>;

/** A token whose issuer is to be checked. */
export interface IssuedToken {
  readonly segments: JwsSegments;
  readonly header: JoseHeader;
  readonly profile: JwsProfile;
}

/**
 * Checks that an authority of the trust domain signed a token. `kid` is a key into a map and nothing
 * else; `iss`, `jku`, `jwk`, `x5u` and `x5c` never take part (RFC 8725 §3.10).
 *
 * @throws {VerificationError} `trust_bundle_empty`, `token_key_missing`, `token_key_unknown`,
 * `token_key_ambiguous`, `token_algorithm_mismatch`, `token_signature_invalid`, `token_untrusted`
 */
export async function verifyIssuer(
  issued: IssuedToken,
  authorities: Authorities,
  keyId: "required" | "optional",
): Promise<void> {
  const { segments, header, profile } = issued;
  const refuse = (code: VerificationCode) => new VerificationError(code, { token: profile.token });
  const { kid } = header.parameters;
  if (authorities.size === 0) throw refuse("trust_bundle_empty");
  if (kid === undefined && keyId === "optional") return verifyByTrial(issued, authorities);
  if (typeof kid !== "string") throw refuse("token_key_missing");
  const authority = authorities.get(kid);
  if (authority === undefined) throw refuse("token_key_unknown");
  if (!mayUse(authority, header.algorithm)) throw refuse("token_algorithm_mismatch");
  return verifySignature(segments, header.algorithm, authority.key, profile);
}

/** Without a `kid`, some authority that fits must verify; how many are tried is bounded. */
async function verifyByTrial(issued: IssuedToken, authorities: Authorities): Promise<void> {
  const { segments, header, profile } = issued;
  const { token } = profile;
  const candidates = [...authorities.values()].filter(
    (authority) =>
      mayUse(authority, header.algorithm) && fitsKey(header.algorithm, authority.key.shape),
  );
  if (candidates.length > maxTrials) throw new VerificationError("token_key_ambiguous", { token });
  let cause: unknown;
  for (const { key } of candidates) {
    try {
      return await verifySignature(segments, header.algorithm, key, profile);
    } catch (error) {
      cause = error;
    }
  }
  throw new VerificationError("token_untrusted", { token, cause });
}

function mayUse(authority: TokenAuthority, algorithm: JwsAlgorithm): boolean {
  return authority.algorithm === undefined || authority.algorithm === algorithm;
}
