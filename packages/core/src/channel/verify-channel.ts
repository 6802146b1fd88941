import { type Awaitable, andThen } from "../awaitable.js";
import type { Caller, CallerCredential, ChannelEvidence } from "../caller.js";
import { VerificationError } from "../errors.js";
import type { ProofRequest } from "../proof/proof-request.js";
import type { SpiffeId } from "../spiffe/spiffe-id.js";
import { lookUpBundle } from "../trust/bundle-lookup.js";
import type { TrustBundle } from "../trust/trust-bundle.js";
import type { VerifierRules } from "../verifier-options.js";
import { callerCredentialOf } from "../x509/caller-credential.js";
import { validateX509Svid } from "../x509/x509-svid.js";

/** Who is at the other end of a connection, on the word of its own trust domain. */
interface VerifiedChannel {
  readonly id: SpiffeId;
  /** The bundle that the verdict rests on. */
  readonly bundle: TrustBundle;
  readonly record: CallerCredential;
}

/** Verdicts by the list of certificates, which is the same for each request of a connection. */
export type ChannelCache = WeakMap<readonly Uint8Array[], VerifiedChannel>;

/**
 * The caller of a request that carries no proof: the workload that its connection belongs to.
 *
 * @throws {VerificationError} `proof_missing` when there is none; with a `certificate_…` code,
 * `trust_domain_unknown`, `trust_bundle_empty`, `trust_unavailable`
 */
export async function callerByChannel(
  { peerCertificates }: ProofRequest,
  rules: VerifierRules,
  cache: ChannelCache,
  now: number,
): Promise<Caller> {
  if (peerCertificates === undefined) throw new VerificationError("proof_missing");
  const { id, record } = await verifyChannel(peerCertificates, rules, cache, now);
  const proof: ChannelEvidence = Object.freeze({
    format: "mutual-tls",
    binding: "channel",
    idHash: undefined,
    issuedAt: undefined,
    expiresAt: record.expiresAt,
  });
  return Object.freeze({ id, credential: record, proof, onBehalfOf: undefined });
}

/**
 * Holds a proof to the connection that it came over, where the rules ask for that.
 *
 * @throws {VerificationError} `channel_missing`, `channel_mismatch`; with a `certificate_…` code,
 * `trust_domain_unknown`, `trust_bundle_empty`, `trust_unavailable`
 */
export function checkChannel(
  request: ProofRequest,
  caller: SpiffeId,
  rules: VerifierRules,
  cache: ChannelCache,
  now: number,
): Awaitable<void> {
  if (rules.channel === "unchecked") return;
  const { peerCertificates } = request;
  if (peerCertificates === undefined) throw new VerificationError("channel_missing");
  return andThen(verifyChannel(peerCertificates, rules, cache, now), ({ id }) => {
    if (!id.equals(caller)) throw new VerificationError("channel_mismatch");
  });
}

async function verifyChannel(
  chain: readonly Uint8Array[],
  { identity, clockSkewSeconds: skewSeconds }: VerifierRules,
  cache: ChannelCache,
  now: number,
): Promise<VerifiedChannel> {
  const known = cache.get(chain);
  if (known !== undefined && now < known.record.expiresAt) {
    if (lookUpBundle(identity, known.id.trustDomain) === known.bundle) return known;
  }
  const svid = await validateX509Svid(chain, identity, { now, skewSeconds });
  const verified = { id: svid.id, bundle: svid.bundle, record: callerCredentialOf(svid) };
  cache.set(chain, verified);
  return verified;
}
