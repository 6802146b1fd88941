import { type Awaitable, andThen, recover } from "./awaitable.js";
import type { Caller } from "./caller.js";
import { epochSeconds } from "./clock.js";
import { VerificationError } from "./errors.js";
import { contentFor, recordRefusal } from "./migration/enforcement.js";
import {
  type AcceptedObservation,
  type ObservedRequest,
  observedRequest,
  record,
} from "./observer.js";
import { askPolicy } from "./policy/ask-policy.js";
import type { PolicyDecision } from "./policy/policy.js";
import { bindContent } from "./proof/bind-content.js";
import type { ProofRequest } from "./proof/proof-request.js";
import { sessionHeaders } from "./session/protocol.js";
import type { VerifierRules } from "./verifier-options.js";
import type { ProvedRequest, VerifyCaller } from "./verify-caller.js";
import type { VerifyRules } from "./verify-options.js";

/** What the verification of each request needs. */
export interface VerificationRules {
  readonly rules: VerifierRules;
  readonly verifyCaller: VerifyCaller;
  /** Prepares the signature of the response. */
  readonly prepare: (
    proved: ProvedRequest,
    accepted: Pick<AcceptedObservation, "caller" | "policy" | "request">,
  ) => void;
}

/**
 * The verification of one request, step by step. A step that need not wait does not: where the
 * cryptography is synchronous, a request without content is decided at once.
 */
export class Verification {
  readonly #setting: VerificationRules;
  readonly #request: ProofRequest;
  readonly #demands: VerifyRules;
  readonly #observed: ObservedRequest;
  /** Seconds since the epoch. */
  readonly #now: number;
  /** Milliseconds of the monotonic clock. */
  readonly #startedAt: number;
  #caller: Caller | undefined;
  #policy: PolicyDecision | undefined;
  #recorded: unknown;

  /** @throws {ConfigurationError} `clock_unsound` */
  constructor(setting: VerificationRules, request: ProofRequest, demands: VerifyRules) {
    const { clock } = setting.rules;
    this.#setting = setting;
    this.#request = request;
    this.#demands = demands;
    this.#observed = observedRequest(request);
    this.#now = epochSeconds(clock);
    this.#startedAt = clock.monotonic();
  }

  /** The caller, once everything holds and was recorded. */
  run(): Awaitable<Caller> {
    return recover(
      () => {
        const { verifyCaller } = this.#setting;
        const proved = verifyCaller(this.#request, this.#demands, this.#now);
        return andThen(proved, (proved) => this.#authorize(proved));
      },
      (error) => this.#refuse(error, false),
    );
  }

  #authorize(proved: ProvedRequest): Awaitable<Caller> {
    const { caller, head } = proved;
    this.#caller = caller;
    return andThen(askPolicy(caller, head, this.#setting.rules, this.#demands.policy), (policy) => {
      this.#policy = policy;
      if (policy.effect !== "allow") throw new VerificationError("caller_forbidden");
      this.#setting.prepare(proved, { caller, policy, request: this.#observed });
      return andThen(proved.claim(), () =>
        andThen(this.#bindContent(proved), () => this.#accept(proved, policy)),
      );
    });
  }

  #bindContent({ caller, proof }: ProvedRequest): Awaitable<void> {
    if (proof === undefined) return;
    const { rules } = this.#setting;
    const { content: mode } = this.#demands;
    const held = contentFor(caller, this.#request, mode, rules);
    return bindContent(held, proof, mode, rules, (error) => this.#refuse(error, true));
  }

  #accept(proved: ProvedRequest, policy: PolicyDecision): Awaitable<Caller> {
    const { rules } = this.#setting;
    const { caller } = proved;
    const decision = { decision: "accepted", caller, policy, request: this.#observed } as const;
    const answer = agreeOnOffer(proved, this.#request, rules, this.#now);
    if (answer === undefined)
      return andThen(record(decision, rules, this.#startedAt), () => caller);
    return answer.then(async (keepAndAnswer) => {
      await record(decision, rules, this.#startedAt);
      await keepAndAnswer();
      return caller;
    });
  }

  async #refuse(error: unknown, isLate: boolean): Promise<never> {
    if (error instanceof VerificationError && error !== this.#recorded) {
      this.#recorded = error;
      const refused = { error, caller: this.#caller, policy: this.#policy };
      const refusal = { ...refused, request: this.#observed };
      await recordRefusal(refusal, this.#setting.rules, this.#startedAt, isLate);
    }
    throw error;
  }
}

/**
 * Agrees on a session where one is offered, kept here, and can be answered. What comes back keeps it
 * and answers, once the request is recorded as accepted.
 */
function agreeOnOffer(
  { agree }: ProvedRequest,
  { answer }: ProofRequest,
  { sessions }: VerifierRules,
  now: number,
): Promise<() => Promise<void>> | undefined {
  if (agree === undefined || answer === undefined || sessions === undefined) return undefined;
  return agree(sessions).then((keepSession) => async () => {
    const session = await keepSession(now);
    if (session !== undefined) answer(sessionHeaders.answer, session);
  });
}
