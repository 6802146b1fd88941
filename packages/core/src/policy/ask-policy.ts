import { type Awaitable, andThen, recover } from "../awaitable.js";
import type { Caller } from "../caller.js";
import { withDeadline } from "../deadline.js";
import { VerificationError } from "../errors.js";
import type { VerificationCode } from "../refusal-codes.js";
import type { VerifierRules } from "../verifier-options.js";
import { allOf } from "./combine.js";
import { decisionOf } from "./decision.js";
import type { Policy, PolicyDecision, PolicyRequest } from "./policy.js";

/** What a policy may refuse for a reason of its own. */
const passedOn: readonly VerificationCode[] = ["policy_timeout", "proof_signature_required"];

/** A policy that every route brings along. */
export type PerRoute = "per-route";

/**
 * Asks the policy of the verifier and that of the route, where there is one: both have to allow. A
 * policy that throws has not allowed anything.
 *
 * @throws {VerificationError} `policy_missing`, `policy_timeout`, `proof_signature_required`;
 * `caller_forbidden` when it throws anything else
 */
export function askPolicy(
  caller: Caller,
  head: Omit<PolicyRequest, "time">,
  { policy, clock, timeoutMilliseconds }: VerifierRules,
  routePolicy: Policy | undefined,
): Awaitable<PolicyDecision> {
  const effective = effectivePolicy(policy, routePolicy);
  if (effective === undefined) throw new VerificationError("policy_missing");
  return recover(
    () => {
      const answer = effective(caller, Object.freeze({ ...head, time: clock.now() }));
      const inTime = withDeadline(answer, clock, timeoutMilliseconds, "policy_timeout");
      return andThen(inTime, decisionOf);
    },
    (cause) => {
      if (cause instanceof VerificationError && passedOn.includes(cause.code)) throw cause;
      throw new VerificationError("caller_forbidden", { cause });
    },
  );
}

function effectivePolicy(
  policy: Policy | PerRoute,
  routePolicy: Policy | undefined,
): Policy | undefined {
  if (policy === "per-route") return routePolicy;
  return routePolicy === undefined ? policy : allOf(policy, routePolicy);
}
