import { runtime } from "#runtime";
import { createAnswers } from "./answers.js";
import type { Caller } from "./caller.js";
import { epochSeconds } from "./clock.js";
import { VerificationError } from "./errors.js";
import { contentFor, recordRefusal } from "./migration/enforcement.js";
import { observedRequest, record } from "./observer.js";
import { askPolicy } from "./policy/ask-policy.js";
import type { PolicyDecision } from "./policy/policy.js";
import { bindContent } from "./proof/bind-content.js";
import { challengeOf } from "./proof/format.js";
import type { ProofRequest } from "./proof/proof-request.js";
import { selfTest } from "./runtime/self-test.js";
import { sessionHeaders } from "./session/protocol.js";
import type { ResponseSigner } from "./signature/response-signer.js";
import {
  parseVerifierOptions,
  type VerifierOptions,
  type VerifierRules,
} from "./verifier-options.js";
import { createCallerVerifier, type ProvedRequest } from "./verify-caller.js";
import { createVerifyOptionsReader, type VerifyOptions } from "./verify-options.js";

/** Tells who makes a request, from what the request itself proves. */
export interface Verifier {
  /** The value of `WWW-Authenticate`: the kinds of proof that are accepted. */
  readonly challenge: string;
  /**
   * The caller of a request, whose content is let through when this resolves.
   *
   * @throws {VerificationError} when the caller is refused
   * @throws {ConfigurationError} `body_consumed`, `clock_unsound`, `cryptography_unsound`,
   * `option_invalid`
   */
  verify(request: ProofRequest, options?: VerifyOptions): Promise<Caller>;
  /** Signs the response to a request of a caller; undefined where nobody asks for that. */
  responseSigner(caller: Caller): ResponseSigner | undefined;
  /** The answer to a request that `verify` refused. Whatever is no refusal comes back unchanged. */
  toRefusal(error: unknown, options?: VerifyOptions): unknown;
}

/**
 * Makes a verifier. Verification makes no network call of its own; only the given capabilities
 * (`replay`, `policy`, `observer`) may.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const rules = parseVerifierOptions(options);
  const verifyCaller = createCallerVerifier(rules);
  const readOptions = createVerifyOptionsReader(rules);
  const { prepare, ...answers } = createAnswers(rules, readOptions);
  let sound: Promise<void> | undefined;

  async function verify(request: ProofRequest, options?: VerifyOptions): Promise<Caller> {
    const demands = readOptions(options);
    sound ??= selfTest(runtime);
    await sound;
    const now = epochSeconds(rules.clock);
    const startedAt = rules.clock.monotonic();
    const observed = observedRequest(request);
    let caller: Caller | undefined;
    let policy: PolicyDecision | undefined;
    let recorded: unknown;

    async function refuse(error: unknown, isLate = false): Promise<never> {
      if (error instanceof VerificationError && error !== recorded) {
        recorded = error;
        const refusal = { error, caller, policy, request: observed };
        await recordRefusal(refusal, rules, startedAt, isLate);
      }
      throw error;
    }

    try {
      const proved = await verifyCaller(request, demands, now);
      caller = proved.caller;
      policy = await askPolicy(caller, proved.head, rules, demands.policy);
      if (policy.effect !== "allow") throw new VerificationError("caller_forbidden");
      prepare(proved, { caller, policy, request: observed });
      await proved.claim();
      if (proved.proof !== undefined) {
        const held = contentFor(caller, request, demands.content, rules);
        await bindContent(held, proved.proof, demands.content, rules, (error) =>
          refuse(error, true),
        );
      }
      const answer = await agreeOnOffer(proved, request, rules);
      await record({ decision: "accepted", caller, policy, request: observed }, rules, startedAt);
      await answer?.(now);
      return caller;
    } catch (error) {
      return refuse(error);
    }
  }

  return Object.freeze({ challenge: challengeOf(rules.accept), verify, ...answers });
}

/** Agrees on a session where one is offered, kept here, and can be answered. */
async function agreeOnOffer(
  { agree }: ProvedRequest,
  { answer }: ProofRequest,
  { sessions }: VerifierRules,
): Promise<((now: number) => Promise<void>) | undefined> {
  if (agree === undefined || answer === undefined || sessions === undefined) return undefined;
  const keepSession = await agree(sessions);
  return async (now) => {
    const session = await keepSession(now);
    if (session !== undefined) answer(sessionHeaders.answer, session);
  };
}
