import { callerId, T } from "../support/scene.js";
import { type FixedKey, fixedKey } from "./fixed-key.js";
import { signToken, type TokenChange } from "./token.js";
import { domain, type FixedTrustDomain } from "./trust-domains.js";

/** How a WIT-SVID differs from the caller's good one. */
export interface WitChange extends TokenChange {
  /** By default the caller. */
  readonly id?: string;
  /** The workload's key. */
  readonly key?: FixedKey;
  /** By default the trust domain of the caller. */
  readonly issuer?: FixedTrustDomain;
}

export const callerWitKey = fixedKey("WIT-SVID of the caller");

/** Issues a WIT-SVID: the caller's good one where nothing is changed. */
export function issueWit(change: WitChange = {}): string {
  const { id = callerId, key = callerWitKey, issuer = domain } = change;
  const header = { alg: "ES256", kid: issuer.witKeyId, typ: "wit+jwt" };
  return signToken(header, witClaims(id, key), issuer.witKey, change);
}

function witClaims(id: string, { publicJwk, algorithm }: FixedKey) {
  return {
    sub: id,
    exp: T + 3600,
    iat: T,
    jti: "wit",
    cnf: { jwk: { ...publicJwk, alg: algorithm } },
  };
}
