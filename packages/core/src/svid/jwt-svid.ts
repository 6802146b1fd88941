import * as z from "zod/mini";
import { type Clock, epochSeconds, systemClock } from "../clock.js";
import { VerificationError } from "../errors.js";
import { spiffeAlgorithms } from "../jose/algorithms.js";
import { checkCredentialTimes } from "../jose/claims.js";
import { type JwsProfile, parseClaims, parseHeader, splitJws } from "../jose/compact-jws.js";
import type { JsonObject } from "../jose/strict-json.js";
import { capability, clockOption, parseOptions, wholeNumber } from "../options.js";
import type { VerificationCode } from "../refusal-codes.js";
import type { SpiffeId } from "../spiffe/spiffe-id.js";
import { lookUpBundle } from "../trust/bundle-lookup.js";
import type { TrustSource } from "../trust/trust-source.js";
import { subjectOf } from "./subject.js";
import { verifyIssuer } from "./token-authority.js";

const token = "jwt-svid";
const day = 24 * 60 * 60;

const profile: JwsProfile = {
  token,
  maxBytes: 8192,
  types: [undefined, "JWT", "JOSE"],
  algorithms: spiffeAlgorithms,
  headerParameters: ["alg", "kid", "typ"],
};

/** A validated JWT-SVID. A bearer token: it proves nothing about who sent it. */
export interface JwtSvid {
  readonly id: SpiffeId;
  readonly audience: readonly string[];
  /** Seconds since the epoch; may be fractional. */
  readonly expiresAt: number;
  /** All claims, without a prototype. */
  readonly claims: JsonObject;
}

export interface JwtSvidOptions {
  readonly identity: TrustSource;
  /** The name of this service that `aud` has to contain. */
  readonly audience: string;
  /** Granted to `exp` and `nbf`. Default 30. */
  readonly clockSkewSeconds?: number | undefined;
  /** The furthest `exp` that is accepted. Default one day. */
  readonly maxLifetimeSeconds?: number | undefined;
  readonly clock?: Clock | undefined;
}

const schema = z.strictObject({
  identity: capability<TrustSource>("trustBundle"),
  audience: z.string({ error: "must be the name of this service" }).check(z.minLength(1)),
  clockSkewSeconds: z.optional(wholeNumber(0, 120)),
  maxLifetimeSeconds: z.optional(wholeNumber(60, 366 * day)),
  clock: z.optional(clockOption),
});

/**
 * Validates a JWT-SVID (SPIFFE JWT-SVID §3 to §5) against the bundle of its own trust domain, in
 * this process; nothing is delegated to the Workload API.
 *
 * @throws {VerificationError}
 * @throws {ConfigurationError} naming the option that is wrong
 */
export async function validateJwtSvid(text: string, options: JwtSvidOptions): Promise<JwtSvid> {
  const {
    identity,
    clock = systemClock,
    ...rules
  } = parseOptions("validateJwtSvid", schema, options);
  const segments = splitJws(text, profile);
  const header = parseHeader(segments, profile);
  const claims = parseClaims(segments, profile);
  const id = subjectOf(claims, token);
  const bundle = lookUpBundle(identity, id.trustDomain, token);
  await verifyIssuer({ segments, header, profile }, bundle.jwtAuthorities, "optional");
  const expiresAt = checkCredentialTimes(claims, token, {
    now: epochSeconds(clock),
    skewSeconds: rules.clockSkewSeconds ?? 30,
    maxLifetimeSeconds: rules.maxLifetimeSeconds ?? day,
  });
  const audience = audienceOf(claims);
  if (!audience.includes(rules.audience)) {
    throw new VerificationError("token_audience_mismatch", { token });
  }
  return Object.freeze({ id, audience, expiresAt, claims });
}

function audienceOf({ aud }: JsonObject): readonly string[] {
  const refuse = (code: VerificationCode) => new VerificationError(code, { token });
  if (aud === undefined) throw refuse("token_audience_missing");
  const audience: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!audience.every((name) => typeof name === "string")) throw refuse("token_claim_invalid");
  return audience;
}
