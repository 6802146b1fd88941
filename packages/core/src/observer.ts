import { type ProxyClaims, readProxyClaims } from "./audit/proxy-claims.js";
import { type Awaitable, recover } from "./awaitable.js";
import type { Caller } from "./caller.js";
import { withDeadline } from "./deadline.js";
import { VerificationError } from "./errors.js";
import type { PolicyDecision } from "./policy/policy.js";
import { printable } from "./printable.js";
import type { ProofRequest } from "./proof/proof-request.js";
import type { VerifierRules } from "./verifier-options.js";

/** The request as it came, for the record. */
export interface ObservedRequest {
  /** Method and path of the request line: printable, and cut after 256 characters. */
  readonly method: string;
  readonly path: string;
  /** What proxies say about the caller. Anybody can send it, and nothing rests on it. */
  readonly claims: ProxyClaims;
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
  /** How long it took to decide. */
  readonly elapsedMilliseconds: number;
}

export interface RefusedObservation {
  /** `unenforced`: it would have been refused, and passes without a caller, because callers migrate. */
  readonly decision: "refused" | "unenforced";
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
  /** How long it took to decide. */
  readonly elapsedMilliseconds: number;
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
 * @param startedAt when verification began, on the monotonic clock
 * @throws {VerificationError} `observer_failed`, `verification_timeout`
 */
export function record(
  decision: Untimed<AcceptedObservation> | Untimed<RefusedObservation>,
  { observer, clock, timeoutMilliseconds }: VerifierRules,
  startedAt: number,
): Awaitable<void> {
  const elapsedMilliseconds = clock.monotonic() - startedAt;
  const observation = Object.freeze({ ...decision, time: clock.now(), elapsedMilliseconds });
  return recover(
    () => withDeadline(observer(observation), clock, timeoutMilliseconds, "verification_timeout"),
    (cause) => {
      if (cause instanceof VerificationError && cause.code === "verification_timeout") throw cause;
      throw new VerificationError("observer_failed", { cause });
    },
  );
}

/** A decision before it is recorded. */
export type Untimed<T extends Observation> = Omit<T, "time" | "elapsedMilliseconds">;

/** The request as observers get it. What proxies claim is read when somebody asks for it. */
export function observedRequest(request: ProofRequest): ObservedRequest {
  return new RecordedRequest(request);
}

class RecordedRequest implements ObservedRequest {
  readonly method: string;
  readonly path: string;
  declare readonly claims: ProxyClaims;
  readonly #headers: ProofRequest["headers"];
  #claims: ProxyClaims | undefined;

  constructor({ method, target, headers }: ProofRequest) {
    const end = target.indexOf("?");
    this.method = printable(method);
    this.path = printable(end === -1 ? target : target.slice(0, end));
    this.#headers = headers;
    Object.defineProperty(this, "claims", claimsProperty);
    Object.freeze(this);
  }

  static claimsOf(request: RecordedRequest): ProxyClaims {
    return request.#readClaims();
  }

  #readClaims(): ProxyClaims {
    this.#claims ??= readProxyClaims(this.#headers);
    return this.#claims;
  }
}

/** One getter for all: with one of its own, each request would get a hidden class, and be kept by it. */
const claimsProperty: PropertyDescriptor & ThisType<RecordedRequest> = {
  enumerable: true,
  get() {
    return RecordedRequest.claimsOf(this);
  },
};
