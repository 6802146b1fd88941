import type { Awaitable } from "./awaitable.js";
import type { Caller } from "./caller.js";
import { withDeadline } from "./deadline.js";
import { VerificationError } from "./errors.js";
import type { PolicyDecision } from "./policy/policy.js";
import type { ProofRequest } from "./proof/proof-request.js";
import type { VerifierRules } from "./verifier-options.js";

/** The request line as it came, for the record: printable, and cut after 256 characters. */
export interface ObservedRequest {
  readonly method: string;
  readonly path: string;
}

/** One decision of a verifier. Holds no token, no key, no query and no content. */
export type Observation = AcceptedObservation | RefusedObservation;

export interface AcceptedObservation {
  readonly decision: "accepted";
  readonly caller: Caller;
  /** What the policy decided, and by which rule. */
  readonly policy: PolicyDecision;
  readonly request: ObservedRequest;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

export interface RefusedObservation {
  readonly decision: "refused";
  /** With the exact code and cause. */
  readonly error: VerificationError;
  /** Set when the caller was proved and refused after that: by policy, replay or content. */
  readonly caller: Caller | undefined;
  /**
   * What the policy decided, and by which rule: also an `allow` of a request that was refused after
   * that. Undefined when it was not asked, or gave no answer.
   */
  readonly policy: PolicyDecision | undefined;
  readonly request: ObservedRequest;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/**
 * Receives every decision before it takes effect. A decision that cannot be recorded is a refusal:
 * an observer that throws or rejects ends in `observer_failed`, one that hangs in
 * `verification_timeout`.
 */
export type Observer = (observation: Observation) => Awaitable<void>;

/**
 * Hands a decision to the observer.
 *
 * @throws {VerificationError} `observer_failed`, `verification_timeout`
 */
export async function record(
  decision: Untimed<AcceptedObservation> | Untimed<RefusedObservation>,
  { observer, clock, timeoutMilliseconds }: VerifierRules,
): Promise<void> {
  const observation = Object.freeze({ ...decision, time: clock.now() });
  try {
    const done = observer(observation);
    await withDeadline(done, clock, timeoutMilliseconds, "verification_timeout");
  } catch (cause) {
    if (cause instanceof VerificationError && cause.code === "verification_timeout") throw cause;
    throw new VerificationError("observer_failed", { cause });
  }
}

type Untimed<T extends Observation> = Omit<T, "time">;

/** The request line as observers get it. */
export function observedRequest({ method, target }: ProofRequest): ObservedRequest {
  const [path] = target.split("?", 1) as [string];
  return { method: printable(method), path: printable(path) };
}

const maxLength = 256;

/** Text of the peer made safe to print: one line, no control or non-ASCII characters, bounded. */
export function printable(text: string): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return cut.replace(/[^\x20-\x7e…]/g, (char) => {
    const code = char.charCodeAt(0).toString(16).padStart(4, "0");
    return `\\u${code}`;
  });
}
