import { runtime } from "#runtime";
import { type Awaitable, andThen } from "../awaitable.js";
import type { SessionProof } from "../caller.js";
import { VerificationError } from "../errors.js";
import type { CarriedTokens } from "../proof/token-hashes.js";
import type { VerificationCode } from "../refusal-codes.js";
import { lookUpBundle } from "../trust/bundle-lookup.js";
import type { VerifierRules } from "../verifier-options.js";
import type { VerifyRules } from "../verify-options.js";
import { proofLifetimeSeconds, sessionFormat, sessionToken } from "./protocol.js";
import type { Session, Sessions, SignedCaller } from "./session.js";
import { parseSessionProof, type SessionProofValue, textOfSessionProof } from "./session-proof.js";

const refuse = (code: VerificationCode) => new VerificationError(code, { token: sessionToken });

/** The head of a request, as a session proof binds it. */
export interface SessionHead {
  readonly method: string;
  /** Path and query, as in the request line. */
  readonly target: string;
  readonly tokens: CarriedTokens;
}

/** A proof by session that holds for the head of a request; its content is still unread. */
export interface VerifiedSessionProof {
  readonly token: typeof sessionToken;
  readonly record: SessionProof;
  /** The digest of the content that was proved; undefined when none was. */
  readonly contentDigest: string | undefined;
  /** The caller, by the proof that opened the session. */
  readonly opener: SignedCaller;
  /** Where its number has to be used up. */
  readonly sessions: Sessions;
}

/**
 * Checks that the caller with whom we have the session made this proof for this request, except for
 * the content. The session counts only under the bundle that vouched for the caller, and for the
 * origin that the caller agreed on it with.
 *
 * @throws {VerificationError} `session_proof_malformed`, `proof_signature_required`, `session_unknown`, `session_superseded`,
 * `session_expired`, `session_proof_mismatch`, `proof_expired`, `proof_not_yet_valid`,
 * `trust_domain_unknown`, `trust_unavailable`
 */
export function verifySessionProof(
  text: string,
  head: SessionHead,
  demands: VerifyRules,
  rules: VerifierRules,
  now: number,
): Awaitable<VerifiedSessionProof> {
  const proof = parseSessionProof(text);
  const needsSignature = demands.proof === "signed" || demands.requiredHeaders.length > 0;
  if (needsSignature) throw refuse("proof_signature_required");
  const { sessions } = rules;
  if (sessions === undefined) throw refuse("session_unknown");
  return andThen(sessions.find(proof.locator, rules), (session) => {
    if (session === undefined) throw refuse("session_unknown");
    if (!rules.origins.includes(session.origin)) throw refuse("session_unknown");
    checkAlive(session, rules, now);
    checkTimes(proof, rules, now);
    const { sequence, issuedAt, content, mac } = proof;
    const { method, target, tokens } = head;
    const times = { sessionId: session.id, sequence, issuedAt };
    const bound = textOfSessionProof({ ...times, content, method, target, tokens });
    return andThen(runtime.isMac(session.key, bound, mac), (holds) => {
      if (!holds) throw refuse("session_proof_mismatch");
      const { opener } = session;
      if (!demands.accept.includes(opener.proof.format)) throw refuse("proof_signature_required");
      const record = recordOf(session, proof);
      return { token: sessionToken, record, contentDigest: content, opener, sessions };
    });
  });
}

function recordOf(
  { id, opener }: Session,
  { sequence, issuedAt }: SessionProofValue,
): SessionProof {
  return Object.freeze({
    format: sessionFormat,
    binding: "full",
    idHash: undefined,
    sessionId: id,
    sequence,
    issuedAt,
    expiresAt: issuedAt + proofLifetimeSeconds,
    opening: opener.proof,
  });
}

function checkAlive(session: Session, { identity, clock }: VerifierRules, now: number): void {
  const { id, credential } = session.opener;
  if (lookUpBundle(identity, id.trustDomain, sessionToken) !== session.bundle) {
    throw refuse("session_superseded");
  }
  const hasEnded = clock.monotonic() >= session.endsAt || now >= credential.expiresAt;
  if (hasEnded) throw refuse("session_expired");
}

function checkTimes(
  { issuedAt }: SessionProofValue,
  { clockSkewSeconds, maxProofLifetimeSeconds }: VerifierRules,
  now: number,
): void {
  const lifetime = Math.min(proofLifetimeSeconds, maxProofLifetimeSeconds);
  if (issuedAt + lifetime + clockSkewSeconds <= now) throw refuse("proof_expired");
  if (issuedAt > now + clockSkewSeconds) throw refuse("proof_not_yet_valid");
}
