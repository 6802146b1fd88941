import { type Awaitable, andThen, recover } from "../awaitable.js";
import type { Caller } from "../caller.js";
import { withDeadline } from "../deadline.js";
import { VerificationError } from "../errors.js";
import { hashText } from "../hash.js";
import type { VerifiedProof } from "../proof/verify-proof.js";
import type { VerificationCode } from "../refusal-codes.js";
import type { VerifierRules } from "../verifier-options.js";
import type { ReplayClaim, ReplayOutcome } from "./replay-guard.js";

const codes: Record<Exclude<ReplayOutcome, "first">, VerificationCode> = {
  replayed: "proof_replayed",
  full: "replay_guard_full",
  quota: "replay_quota_exceeded",
  before_start: "proof_before_start",
};
const codeOf: ReadonlyMap<unknown, VerificationCode> = new Map(Object.entries(codes));

/**
 * Uses up a proof. An answer that the guard's contract does not know, an exception and silence are
 * all refusals.
 *
 * @throws {VerificationError} `proof_replayed`, `proof_before_start`, `replay_guard_full`,
 * `replay_quota_exceeded`, `replay_guard_unavailable`
 */
export function claimOnce(
  { id, credential, proof }: Caller,
  { id: proofId, token }: Pick<VerifiedProof, "id" | "token">,
  rules: VerifierRules,
  now: number,
): Awaitable<void> {
  const ttlSeconds = proof.expiresAt + rules.clockSkewSeconds - now;
  return andThen(hashText(`${credential.thumbprint}.${proofId}`), (key) => {
    const claim = { key, caller: id, issuedAt: proof.issuedAt, ttlSeconds };
    return andThen(askGuard(claim, rules), (outcome) => {
      if (outcome === "first") return;
      throw new VerificationError(codeOf.get(outcome) ?? "replay_guard_unavailable", { token });
    });
  });
}

function askGuard(
  claim: ReplayClaim,
  { replay, clock, timeoutMilliseconds }: VerifierRules,
): Awaitable<ReplayOutcome> {
  return recover(
    () => withDeadline(replay.claim(claim), clock, timeoutMilliseconds, "replay_guard_unavailable"),
    (cause) => {
      throw new VerificationError("replay_guard_unavailable", { cause });
    },
  );
}
