import { runtime } from "#runtime";
import { createAnswers } from "./answers.js";
import type { Caller } from "./caller.js";
import { challengeOf } from "./proof/format.js";
import type { ProofRequest } from "./proof/proof-request.js";
import { selfTest } from "./runtime/self-test.js";
import type { ResponseSigner } from "./signature/response-signer.js";
import { Verification } from "./verification.js";
import { parseVerifierOptions, type VerifierOptions } from "./verifier-options.js";
import { createCallerVerifier } from "./verify-caller.js";
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
  const readOptions = createVerifyOptionsReader(rules);
  const { prepare, ...answers } = createAnswers(rules, readOptions);
  const setting = { rules, verifyCaller: createCallerVerifier(rules), prepare };
  let tested: Promise<void> | undefined;
  let isSound = false;

  async function verify(request: ProofRequest, options?: VerifyOptions): Promise<Caller> {
    const demands = readOptions(options);
    if (!isSound) {
      tested ??= selfTest(runtime, rules.checkSignature);
      await tested;
      isSound = true;
    }
    return new Verification(setting, request, demands).run();
  }

  return Object.freeze({ challenge: challengeOf(rules.accept), verify, ...answers });
}
