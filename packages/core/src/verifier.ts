import { runtime } from "#runtime";
import type { Caller } from "./caller.js";
import { type ChannelCache, callerByChannel, checkChannel } from "./channel/verify-channel.js";
import { epochSeconds } from "./clock.js";
import { keepUserToken } from "./context/user-token.js";
import { VerificationError } from "./errors.js";
import { observedRequest, record } from "./observer.js";
import { enforcePolicy, type PolicyRequest } from "./policy.js";
import { bindContent, type ContentMode } from "./proof/bind-content.js";
import { createCredentialCache } from "./proof/credential-cache.js";
import { challengeOf } from "./proof/format.js";
import type { ProofRequest } from "./proof/proof-request.js";
import { carriesProof, findProof } from "./proof/received-proof.js";
import { readSecurityHeaders } from "./proof/security-headers.js";
import { parseTarget } from "./proof/target.js";
import { carriedTokens } from "./proof/token-hashes.js";
import { proofTokenOf, verifyCredential } from "./proof/verify-credential.js";
import { type VerifiedProof, verifyProof } from "./proof/verify-proof.js";
import { claimOnce } from "./replay/claim-once.js";
import { selfTest } from "./runtime/self-test.js";
import { refuseUnboundTransaction, verifyTransaction } from "./transaction/verify-transaction.js";
import { parseVerifierOptions, type VerifierOptions } from "./verifier-options.js";

export interface VerifyOptions {
  /** How the application wants its content. Default `buffered`. */
  readonly content?: ContentMode | undefined;
}

/** Tells who makes a request, from what the request itself proves. */
export interface Verifier {
  /** The value of `WWW-Authenticate`: the kinds of proof that are accepted. */
  readonly challenge: string;
  /**
   * The caller of a request, whose content is let through when this resolves.
   *
   * @throws {VerificationError} when the caller is refused
   * @throws {ConfigurationError} `body_consumed`, `cryptography_unsound`
   */
  verify(request: ProofRequest, options?: VerifyOptions): Promise<Caller>;
}

interface ProvedRequest {
  readonly caller: Caller;
  readonly head: PolicyRequest;
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
  let sound: Promise<void> | undefined;

  async function prove(request: ProofRequest, now: number): Promise<ProvedRequest> {
    const { method } = request;
    const target = parseTarget(request.target);
    const headers = readSecurityHeaders(request.headers);
    const policyRequest = { method, ...target };
    if (rules.acceptsChannel && !carriesProof(headers)) {
      refuseUnboundTransaction(headers.txnToken, rules);
      const caller = await callerByChannel(request, rules, channels, now);
      return { caller, head: policyRequest, proof: undefined };
    }
    const proofToken = proofTokenOf(findProof(headers, rules.accept), rules);
    const tokens = carriedTokens(request.headers, headers, rules.tokenHeaders);
    const credential = await verifyCredential(proofToken, rules, cache, now);
    const head = { method, target, tokens, hasContent: request.content !== undefined };
    const proof = await verifyProof(proofToken, credential, head, rules, now);
    cache.set(proofToken.credentialText, credential);
    await checkChannel(request, credential.id, rules, channels, now);
    const caller = Object.freeze({
      id: credential.id,
      credential: credential.record,
      proof: proof.record,
      onBehalfOf: await verifyTransaction(tokens.txnToken, credential.id, rules, now),
    });
    keepUserToken(caller, headers.authorization);
    return { caller, head: policyRequest, proof };
  }

  async function verify(
    request: ProofRequest,
    { content = "buffered" }: VerifyOptions = {},
  ): Promise<Caller> {
    sound ??= selfTest(runtime);
    await sound;
    const now = epochSeconds(rules.clock);
    const observed = observedRequest(request);
    let caller: Caller | undefined;
    let recorded: unknown;

    async function refuse(error: unknown): Promise<never> {
      if (error instanceof VerificationError && error !== recorded) {
        recorded = error;
        await record({ decision: "refused", error, caller, request: observed }, rules);
      }
      throw error;
    }

    try {
      const proved = await prove(request, now);
      caller = proved.caller;
      await enforcePolicy(caller, proved.head, rules);
      if (proved.proof !== undefined) {
        await claimOnce(caller, proved.proof.id, rules, now);
        await bindContent(request.content, proved.proof, content, rules, refuse);
      }
      await record({ decision: "accepted", caller, request: observed }, rules);
      return caller;
    } catch (error) {
      return refuse(error);
    }
  }

  return Object.freeze({ challenge: challengeOf(rules.accept), verify });
}
