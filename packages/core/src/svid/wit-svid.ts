import { runtime } from "#runtime";
import { VerificationError } from "../errors.js";
import { type JwsAlgorithm, spiffeAlgorithms, wimseAlgorithms } from "../jose/algorithms.js";
import {
  checkCredentialTimes,
  expiryOf,
  numericDate,
  type TimeCheck,
  textClaim,
} from "../jose/claims.js";
import { type JwsProfile, parseClaims, parseHeader, splitJws } from "../jose/compact-jws.js";
import type { JsonObject } from "../jose/strict-json.js";
import type { PublicKey } from "../runtime/port.js";
import type { IdScheme, SpiffeId } from "../spiffe/spiffe-id.js";
import { lookUpBundle } from "../trust/bundle-lookup.js";
import type { TrustBundle } from "../trust/trust-bundle.js";
import type { TrustSource } from "../trust/trust-source.js";
import { type Confirmation, confirmationOf } from "./confirmation.js";
import { subjectOf } from "./subject.js";
import { verifyIssuer } from "./token-authority.js";

const token = "wit-svid";

/**
 * `spiffe`: WIT-SVID (nine algorithms, `kid` required, no `aud`, `spiffe:` identifiers). `wimse`: the
 * WIT of draft-ietf-wimse-workload-creds-02 (also EdDSA, `kid` optional, also `wimse:` identifiers).
 */
export type WitProfile = "spiffe" | "wimse";

interface WitRules {
  readonly jws: JwsProfile;
  readonly keyId: "required" | "optional";
  readonly schemes: readonly IdScheme[];
}

const jws = { token, maxBytes: 8192, types: ["wit+jwt"] } as const;

const rules: Record<WitProfile, WitRules> = {
  spiffe: {
    jws: { ...jws, algorithms: spiffeAlgorithms },
    keyId: "required",
    schemes: ["spiffe"],
  },
  wimse: {
    jws: { ...jws, algorithms: wimseAlgorithms },
    keyId: "optional",
    schemes: ["spiffe", "wimse"],
  },
};

/** What a WIT-SVID says. It says nothing about the sender without a proof. */
export interface WitSvid {
  readonly id: SpiffeId;
  readonly key: PublicKey;
  /** `cnf.jwk.alg`: the one algorithm of its proofs. */
  readonly algorithm: JwsAlgorithm;
  /** Seconds since the epoch: `nbf`, or else `iat`. */
  readonly notBefore: number | undefined;
  readonly expiresAt: number;
  readonly issuer: string | undefined;
}

/** A WIT-SVID that its trust domain issued. */
export interface ValidatedWitSvid extends WitSvid {
  /** The bundle that vouches for it. */
  readonly bundle: TrustBundle;
}

/**
 * Validates a WIT-SVID (SPIFFE WIT-SVID §3 and §4; draft-ietf-wimse-workload-creds-02 §3).
 *
 * @throws {VerificationError}
 */
export async function validateWitSvid(
  text: string,
  trust: TrustSource,
  check: TimeCheck & { readonly maxLifetimeSeconds: number; readonly profile: WitProfile },
): Promise<ValidatedWitSvid> {
  const { jws: profile, keyId, schemes } = rules[check.profile];
  const segments = splitJws(text, profile);
  const header = parseHeader(segments, profile);
  const claims = parseClaims(segments, profile);
  const id = subjectOf(claims, token, schemes);
  const bundle = lookUpBundle(trust, id.trustDomain, token);
  await verifyIssuer({ segments, header, profile }, bundle.witAuthorities, keyId);
  checkCredentialTimes(claims, token, check);
  return Object.freeze({ ...(await witSvidOf(claims, id, check.profile)), bundle });
}

/**
 * Reads a WIT-SVID without checking its signature and times: our own, as our source delivered it.
 *
 * @throws {VerificationError}
 */
export async function readWitSvid(text: string, profile: WitProfile): Promise<WitSvid> {
  const { jws, schemes } = rules[profile];
  const segments = splitJws(text, jws);
  parseHeader(segments, jws);
  const claims = parseClaims(segments, jws);
  return witSvidOf(claims, subjectOf(claims, token, schemes), profile);
}

async function witSvidOf(claims: JsonObject, id: SpiffeId, profile: WitProfile): Promise<WitSvid> {
  if (profile === "spiffe" && "aud" in claims) {
    throw new VerificationError("token_audience_forbidden", { token });
  }
  const confirmation = confirmationOf(claims, rules[profile].jws.algorithms);
  return {
    id,
    key: await importConfirmation(confirmation),
    algorithm: confirmation.algorithm,
    notBefore: numericDate(claims, "nbf", token) ?? numericDate(claims, "iat", token),
    expiresAt: expiryOf(claims, token),
    issuer: textClaim(claims, "iss", token),
  };
}

async function importConfirmation({ jwk, shape }: Confirmation): Promise<PublicKey> {
  try {
    return await runtime.importPublicJwk(jwk, shape);
  } catch (cause) {
    throw new VerificationError("confirmation_invalid", { token, cause });
  }
}
