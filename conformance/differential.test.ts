import {
  parseTrustBundle,
  staticSource,
  type VerificationCode,
  VerificationError,
  validateJwtSvid,
} from "@firsthand/core";
import { createTestClock } from "@firsthand/testing";
import fc from "fast-check";
import { createLocalJWKSet, errors, type JWK, type JWTVerifyOptions, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { spiffeAlgorithms } from "../packages/core/src/jose/algorithms.js";
import { validateWitSvid } from "../packages/core/src/svid/wit-svid.js";
import { fixedKey } from "./generator/fixed-key.js";
import { callerId, T } from "./support/scene.js";
import { type GoodToken, strangersJwk, tokenMutations } from "./support/token-mutations.js";

const seed = 20_261_122;
const runs = 6000;

const issuer = fixedKey("authority of the differential test");
const workload = fixedKey("workload of the differential test");
const kid = "k1";
const clock = createTestClock(T * 1000);

/** The same token given to core and to jose, each with the same key, times and audience. */
interface Subject {
  readonly good: GoodToken;
  readonly ours: (token: string) => Promise<unknown>;
  readonly theirs: JWTVerifyOptions;
  /** Why core refuses where jose accepts: by the code of core. Nothing else may differ. */
  readonly stricter: Partial<Record<VerificationCode, string>>;
}

const bundle = await parseTrustBundle(
  "td.example",
  JSON.stringify({
    keys: [
      { ...issuer.publicJwk, kid, use: "jwt-svid" },
      { ...issuer.publicJwk, kid: `${kid}-wit`, use: "wit-svid" },
    ],
  }),
);
const identity = staticSource({ bundles: [bundle] });

const times = {
  currentDate: new Date(T * 1000),
  clockTolerance: 30,
  algorithms: [...spiffeAlgorithms],
};

const stricterOnBoth = {
  token_encoding_invalid: "padding, white space, the + and / alphabet, and bits that no byte holds",
  token_member_duplicate: "JSON.parse takes the last of two members",
  token_header_forbidden: "b64 without crit, zip, and in a JWT-SVID every parameter that it lacks",
  token_type_invalid: "typ in another case, with the prefix application/, or unknown to JWT-SVID",
  token_claim_invalid: "an aud with members that are no strings, an iss that is no string",
  token_subject_invalid: "the sub of an SVID is the SPIFFE ID of a workload",
  token_lifetime_exceeded: "an SVID that lives for longer than a day",
  token_too_large: "an SVID has at most 8 KiB",
  trust_domain_unknown: "the key of one trust domain says nothing about another",
} as const;

const subjects: Readonly<Record<string, Subject>> = {
  "JWT-SVIDs": {
    good: {
      header: { alg: "ES256", kid, typ: "JWT" },
      claims: { sub: callerId, aud: ["ledger"], exp: T + 300, iat: T },
      key: issuer,
    },
    ours: (token) => validateJwtSvid(token, { identity, audience: "ledger", clock }),
    theirs: { ...times, audience: "ledger", requiredClaims: ["sub", "exp"] },
    stricter: stricterOnBoth,
  },
  "WIT-SVIDs": {
    good: {
      header: { alg: "ES256", kid: `${kid}-wit`, typ: "wit+jwt" },
      claims: {
        sub: callerId,
        exp: T + 300,
        cnf: { jwk: { ...workload.publicJwk, alg: "ES256" } },
      },
      key: issuer,
    },
    ours: (token) =>
      validateWitSvid(token, identity, {
        now: T,
        skewSeconds: 30,
        maxLifetimeSeconds: 86_400,
        profile: "spiffe",
      }),
    theirs: { ...times, typ: "wit+jwt", requiredClaims: ["sub", "exp", "cnf"] },
    stricter: {
      ...stricterOnBoth,
      token_key_missing: "a WIT-SVID names its key; jose takes the only one that fits",
      token_audience_forbidden: "a WIT-SVID has no aud",
      confirmation_invalid: "jose leaves cnf to the application",
      confirmation_algorithm_invalid: "jose leaves cnf to the application",
    },
  },
};

const values = {
  header: {
    alg: ["none", "HS256", "ES384", "es256", ["ES256"], null],
    kid: ["__proto__", "k2", "../../dev/null", 1, null],
    typ: ["jwt", "JOSE", "application/JWT", "wit+jwt", "WIT+JWT", "application/wit+jwt", "wpt+jwt"],
    crit: [[], ["b64"], ["exp"], "b64"],
    b64: [false, true],
    zip: ["DEF"],
    jwk: [strangersJwk],
    jku: ["https://evil.example/keys"],
    x5c: [[]],
    extra: [1],
  },
  claims: {
    sub: ["spiffe://partner.example/x", "spiffe://td.example", "https://td.example/x", 1],
    aud: ["ledger", "Ledger", ["other"], ["other", "ledger"], [], [1, "ledger"]],
    exp: [T - 31, T - 29, T + 86_399, 9e15, `${T + 300}`, -1, 0.5],
    nbf: [T - 60, T + 29, T + 31, `${T}`, -1],
    iat: [T + 600, `${T}`, [T]],
    iss: ["https://evil.example", 1],
    cnf: [{}, { jwk: strangersJwk }, { jwk: { ...workload.publicJwk, alg: "ES384" } }],
    extra: ["a".repeat(8192)],
  },
};

describe.each(Object.entries(subjects))("mutated %s", (_, { good, ours, theirs, stricter }) => {
  it("that jose refuses are refused, and others only for written reasons", async () => {
    const key = createLocalJWKSet({
      keys: [{ ...issuer.publicJwk, kid: String(good.header.kid) } as JWK],
    });
    const agreed = { onAccepting: 0, onRefusing: 0 };
    const splits = new Set<VerificationCode>();
    const property = fc.asyncProperty(tokenMutations(values), async (mutate) => {
      const token = mutate(good);
      const refusal = await refusalOf(() => ours(token), VerificationError);
      const theirRefusal = await refusalOf(() => jwtVerify(token, key, theirs), errors.JOSEError);
      if (refusal === undefined) {
        expect(theirRefusal).toBeUndefined();
        agreed.onAccepting++;
      } else if (theirRefusal === undefined) splits.add(refusal.code);
      else agreed.onRefusing++;
    });
    await fc.assert(property, { seed, numRuns: runs });
    expect([...splits].sort()).toEqual(Object.keys(stricter).sort());
    expect(agreed.onAccepting).toBeGreaterThan(1000);
    expect(agreed.onRefusing).toBeGreaterThan(1000);
  });
});

/** What a verifier refuses a token with; anything else that it throws is a failure. */
async function refusalOf<E extends Error>(
  verify: () => Promise<unknown>,
  refusals: abstract new (...args: never[]) => E,
): Promise<E | undefined> {
  try {
    await verify();
    return undefined;
  } catch (error) {
    if (error instanceof refusals) return error;
    throw error;
  }
}
