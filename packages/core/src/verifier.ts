import { runtime } from "#runtime";
import { createAnswers } from "./answers.js";
import type { Caller } from "./caller.js";
import { type ChannelCache, callerByChannel, checkChannel } from "./channel/verify-channel.js";
import { epochSeconds } from "./clock.js";
import { keepUserToken } from "./context/user-token.js";
import { VerificationError } from "./errors.js";
import { observedRequest, record } from "./observer.js";
import { askPolicy } from "./policy/ask-policy.js";
import type { PolicyDecision, PolicyRequest } from "./policy/policy.js";
import { bindContent } from "./proof/bind-content.js";
import { createCredentialCache } from "./proof/credential-cache.js";
import { challengeOf } from "./proof/format.js";
import type { ProofRequest } from "./proof/proof-request.js";
import { carriesProof, findProof } from "./proof/received-proof.js";
import { readSecurityHeaders } from "./proof/security-headers.js";
import { parseTarget } from "./proof/target.js";
import { carriedTokens } from "./proof/token-hashes.js";
import type { VerifiedCredential } from "./proof/verified-credential.js";
import { openProof, verifyCredential } from "./proof/verify-credential.js";
import { type VerifiedProof, verifyProof } from "./proof/verify-proof.js";
import { claimOnce } from "./replay/claim-once.js";
import { selfTest } from "./runtime/self-test.js";
import type { ResponseSigner } from "./signature/response-signer.js";
import { refuseUnboundTransaction, verifyTransaction } from "./transaction/verify-transaction.js";
import { parseVerifierOptions, type VerifierOptions } from "./verifier-options.js";
import {
  createVerifyOptionsReader,
  type VerifyOptions,
  type VerifyRules,
} from "./verify-options.js";

/** Tells who makes a request, from what the request itself proves. */
export interface Verifier {
  /** The value of `WWW-Authenticate`: the kinds of proof that are accepted. */
  readonly challenge: string;
  /**
   * The caller of a request, whose content is let through when this resolves.
   *
   * @throws {VerificationError} when the caller is refused
   * @throws {ConfigurationError} `body_consumed`, `cryptography_unsound`, `option_invalid`
   */
  verify(request: ProofRequest, options?: VerifyOptions): Promise<Caller>;
  /** Signs the response to a request of a caller; undefined where nobody asks for that. */
  responseSigner(caller: Caller): ResponseSigner | undefined;
  /** The answer to a request that `verify` refused. Whatever is no refusal comes back unchanged. */
  toRefusal(error: unknown, options?: VerifyOptions): unknown;
}

interface ProvedRequest {
  readonly caller: Caller;
  readonly head: Omit<PolicyRequest, "time">;
  /** Undefined when nothing but the connection speaks for the caller. */
  readonly proof: VerifiedProof | undefined;
}

/**
 * Makes a verifier. Verification makes no network call of its own; only the given capabilities
 * (`replay`, `policy`, `observer`) may.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const rules = parseVerifierOptions(options);
  const cache = createCredentialCache();
  const channels: ChannelCache = new WeakMap();
  const readOptions = createVerifyOptionsReader(rules);
  const { prepare, ...answers } = createAnswers(rules, readOptions);
  let sound: Promise<void> | undefined;

  async function prove(
    request: ProofRequest,
    { accept, acceptsChannel, requiredHeaders }: VerifyRules,
    now: number,
  ): Promise<ProvedRequest> {
    const { method } = request;
    const target = parseTarget(request.target);
    const headers = readSecurityHeaders(request.headers);
    const policyRequest = { method, ...target };
    if (acceptsChannel && !carriesProof(headers)) {
      refuseUnboundTransaction(headers.txnToken, rules);
      const caller = await callerByChannel(request, rules, channels, now);
      return { caller, head: policyRequest, proof: undefined };
    }
    const opened = openProof(findProof(headers, accept), rules);
    const tokens = carriedTokens(request.headers, headers, rules.tokenHeaders);
    const credential = await verifyCredential(opened, rules, cache, now);
    const hasContent = request.content !== undefined;
    const head = { method, target, headers: request.headers, requiredHeaders, tokens, hasContent };
    const proof = await verifyProof(opened, credential, head, rules, now);
    cache.set(opened.credentialText, credential);
    await checkChannel(request, credential.id, rules, channels, now);
    const onBehalfOf = await verifyTransaction(tokens.txnToken, credential.id, rules, now);
    const caller = callerOf(credential, proof, onBehalfOf);
    keepUserToken(caller, headers.authorization);
    return { caller, head: policyRequest, proof };
  }

  async function verify(request: ProofRequest, options?: VerifyOptions): Promise<Caller> {
    const demands = readOptions(options);
    sound ??= selfTest(runtime);
    await sound;
    const now = epochSeconds(rules.clock);
    const observed = observedRequest(request);
    let caller: Caller | undefined;
    let policy: PolicyDecision | undefined;
    let recorded: unknown;

    async function refuse(error: unknown): Promise<never> {
      if (error instanceof VerificationError && error !== recorded) {
        recorded = error;
        await record({ decision: "refused", error, caller, policy, request: observed }, rules);
      }
      throw error;
    }

    try {
      const proved = await prove(request, demands, now);
      caller = proved.caller;
      policy = await askPolicy(caller, proved.head, rules, demands.policy);
      if (policy.effect !== "allow") throw new VerificationError("caller_forbidden");
      if (proved.proof !== undefined) {
        prepare(proved.proof, caller, observed);
        await claimOnce(caller, proved.proof, rules, now);
        await bindContent(request.content, proved.proof, demands.content, rules, refuse);
      }
      await record({ decision: "accepted", caller, policy, request: observed }, rules);
      return caller;
    } catch (error) {
      return refuse(error);
    }
  }

  return Object.freeze({ challenge: challengeOf(rules.accept), verify, ...answers });
}

function callerOf(
  { id, record: credential }: VerifiedCredential,
  { record: proof, verifiedHeaders }: VerifiedProof,
  onBehalfOf: Caller["onBehalfOf"],
): Caller {
  return Object.freeze({ id, credential, proof, verifiedHeaders, onBehalfOf });
}
