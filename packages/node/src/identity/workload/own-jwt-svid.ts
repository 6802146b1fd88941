import {
  type Clock,
  type JwtSvid,
  type SpiffeId,
  type TrustBundle,
  validateJwtSvid,
} from "@firsthand/core";
import { ownLifetimeSeconds } from "../own-svid-limits.js";
import { checked, invalidResponse } from "./invalid-response.js";

/** As whom and for whom a JWT-SVID is. */
export interface JwtSvidQuestion {
  readonly id: SpiffeId;
  readonly audience: readonly [string, ...string[]];
}

/**
 * Validates a JWT-SVID of ours as a peer would, and that it is the one that was asked for.
 *
 * @param bundle of our trust domain
 * @throws {CredentialError} `response_invalid`
 */
export async function validateOwnJwtSvid(
  token: string,
  { id, audience }: JwtSvidQuestion,
  bundle: TrustBundle | undefined,
  clock: Clock,
): Promise<JwtSvid> {
  const svid = await checked("the JWT-SVID", () =>
    validateJwtSvid(token, {
      identity: { trustBundle: () => bundle },
      audience: audience[0],
      maxLifetimeSeconds: ownLifetimeSeconds,
      clock,
    }),
  );
  if (!svid.id.equals(id))
    throw invalidResponse("the JWT-SVID is of another workload than asked for");
  if (!audience.every((name) => svid.audience.includes(name))) {
    throw invalidResponse("the JWT-SVID is for another audience than asked for");
  }
  if (svid.expiresAt * 1000 <= clock.now()) throw invalidResponse("the JWT-SVID has expired");
  return svid;
}
