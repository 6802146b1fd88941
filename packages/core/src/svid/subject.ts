import { type TokenKind, VerificationError } from "../errors.js";
import type { JsonObject } from "../jose/strict-json.js";
import { type IdScheme, parseWorkloadId, type SpiffeId } from "../spiffe/spiffe-id.js";

/**
 * The SPIFFE ID in `sub` (JWT-SVID §3.1, WIT-SVID §3).
 *
 * @throws {VerificationError} `token_subject_missing`, `token_subject_invalid`
 */
export function subjectOf(
  claims: JsonObject,
  token: TokenKind,
  schemes?: readonly IdScheme[],
): SpiffeId {
  const { sub } = claims;
  if (sub === undefined) throw new VerificationError("token_subject_missing", { token });
  try {
    return parseWorkloadId(sub, schemes);
  } catch (cause) {
    throw new VerificationError("token_subject_invalid", { token, cause });
  }
}
