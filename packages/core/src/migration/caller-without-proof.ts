import type { Caller, UnsafeBearer } from "../caller.js";
import { type ChannelCache, callerByChannel, checkChannel } from "../channel/verify-channel.js";
import { VerificationError } from "../errors.js";
import { hashText } from "../hash.js";
import type { ProofRequest } from "../proof/proof-request.js";
import type { SecurityHeaders } from "../proof/security-headers.js";
import { validateJwtSvid } from "../svid/jwt-svid.js";
import { refuseUnboundTransaction } from "../transaction/verify-transaction.js";
import type { VerifierRules } from "../verifier-options.js";
import type { VerifyRules } from "../verify-options.js";
import { modeOf } from "./migration-rules.js";

/**
 * The caller of a request that carries nothing of a proof, from what counts beside one: its connection,
 * or a bearer JWT-SVID where callers migrate. A route that narrows what it accepts takes no JWT-SVID.
 *
 * @returns undefined when only a proof counts
 * @throws {VerificationError} `bearer_not_accepted`, `migration_ended`; with a `token_…`, `channel_…` or
 * `certificate_…` code, `trust_domain_unknown`, `trust_bundle_empty`, `trust_unavailable`; `proof_missing`
 */
export async function callerWithoutProof(
  request: ProofRequest,
  { authorization, txnToken }: SecurityHeaders,
  { accept, acceptsChannel, requiredHeaders, proof }: VerifyRules,
  rules: VerifierRules,
  channels: ChannelCache,
  now: number,
): Promise<Caller | undefined> {
  const { audience } = rules.migration;
  const bearer = authorization?.scheme === "bearer" ? authorization.value : undefined;
  const isFewer = accept.length < rules.accept.length;
  const isNarrowed = isFewer || requiredHeaders.length > 0 || proof === "signed";
  const mayBeBearer = audience !== undefined && bearer !== undefined && !isNarrowed;
  if (!acceptsChannel && !mayBeBearer) return undefined;
  refuseUnboundTransaction(txnToken, rules);
  const isByChannel = acceptsChannel && request.peerCertificates !== undefined;
  if (isByChannel || !mayBeBearer) return callerByChannel(request, rules, channels, now);
  const caller = await callerByBearer(bearer, audience, rules);
  await checkChannel(request, caller.id, rules, channels, now);
  return caller;
}

/** Who the token names decides whether a token is enough: nobody can choose that for somebody else. */
async function callerByBearer(
  token: string,
  audience: string,
  { identity, clock, clockSkewSeconds, maxCredentialLifetimeSeconds, migration }: VerifierRules,
): Promise<Caller> {
  const { id, expiresAt, claims } = await validateJwtSvid(token, {
    identity,
    audience,
    clock,
    clockSkewSeconds,
    maxLifetimeSeconds: maxCredentialLifetimeSeconds,
  });
  const mode = modeOf(migration, id, clock.now());
  if (mode === "ended") throw new VerificationError("migration_ended");
  if (mode === "require") throw new VerificationError("bearer_not_accepted");
  const proof: UnsafeBearer = Object.freeze({
    format: "jwt-svid",
    binding: "none",
    idHash: undefined,
    issuedAt: undefined,
    expiresAt,
  });
  const credential = Object.freeze({
    kind: "jwt-svid",
    thumbprint: await hashText(token),
    notBefore: undefined,
    expiresAt,
    issuer: typeof claims["iss"] === "string" ? claims["iss"] : undefined,
  } as const);
  return Object.freeze({ id, credential, proof, onBehalfOf: undefined });
}
