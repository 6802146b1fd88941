import { VerificationError } from "../errors.js";
import { type Observation, observedRequest } from "../observer.js";
import type { ProofRequest } from "../proof/proof-request.js";
import type { VerificationCode } from "../refusal-codes.js";
import { callerOf, now, webId } from "../scene.test-support.js";

const request = { method: "GET", target: "/orders?token=secret", headers: [] };

/** A request of the web workload that was accepted. */
export function accepted(changes: Partial<ProofRequest> = {}): Observation {
  return {
    decision: "accepted",
    caller: callerOf(webId),
    policy: { effect: "allow", rule: webId, dryRun: [] },
    request: observedRequest({ ...request, ...changes }),
    time: now * 1000,
    elapsedMilliseconds: 0,
  };
}

/** A request that proved nothing, and was refused for it. */
export function refused(
  code: VerificationCode = "proof_missing",
  changes: Partial<ProofRequest> = {},
): Observation {
  return {
    decision: "refused",
    error: new VerificationError(code),
    caller: undefined,
    policy: undefined,
    request: observedRequest({ ...request, ...changes }),
    time: now * 1000,
    elapsedMilliseconds: 0,
  };
}
