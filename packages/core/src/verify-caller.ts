import type { Caller } from "./caller.js";
import { type ChannelCache, checkChannel } from "./channel/verify-channel.js";
import { keepUserToken } from "./context/user-token.js";
import { callerWithoutProof } from "./migration/caller-without-proof.js";
import type { PolicyRequest } from "./policy/policy.js";
import { createCredentialCache } from "./proof/credential-cache.js";
import type { ProofRequest } from "./proof/proof-request.js";
import { carriesProof, findProof } from "./proof/received-proof.js";
import { readSecurityHeaders } from "./proof/security-headers.js";
import { parseTarget } from "./proof/target.js";
import { carriedTokens } from "./proof/token-hashes.js";
import type { VerifiedCredential } from "./proof/verified-credential.js";
import { openProof, verifyCredential } from "./proof/verify-credential.js";
import { type VerifiedProof, verifyProof } from "./proof/verify-proof.js";
import { verifyTransaction } from "./transaction/verify-transaction.js";
import type { VerifierRules } from "./verifier-options.js";
import type { VerifyRules } from "./verify-options.js";

/** Who makes a request, and what was proved of it. */
export interface ProvedRequest {
  readonly caller: Caller;
  readonly head: Omit<PolicyRequest, "time">;
  /** Undefined when nothing but the connection speaks for the caller. */
  readonly proof: VerifiedProof | undefined;
}

/** Verifies everything that the head of a request says of its caller; `now` in epoch seconds. */
export type VerifyCaller = (
  request: ProofRequest,
  demands: VerifyRules,
  now: number,
) => Promise<ProvedRequest>;

/** Makes what finds out who calls. Verdicts on credentials and connections are kept across requests. */
export function createCallerVerifier(rules: VerifierRules): VerifyCaller {
  const cache = createCredentialCache();
  const channels: ChannelCache = new WeakMap();

  return async function verifyCaller(request, demands, now) {
    const { accept, requiredHeaders } = demands;
    const { method } = request;
    const target = parseTarget(request.target);
    const headers = readSecurityHeaders(request.headers);
    const policyRequest = { method, ...target };
    if (!carriesProof(headers)) {
      const caller = await callerWithoutProof(request, headers, demands, rules, channels, now);
      if (caller !== undefined) return { caller, head: policyRequest, proof: undefined };
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
  };
}

function callerOf(
  { id, record: credential }: VerifiedCredential,
  { record: proof, verifiedHeaders }: VerifiedProof,
  onBehalfOf: Caller["onBehalfOf"],
): Caller {
  return Object.freeze({ id, credential, proof, verifiedHeaders, onBehalfOf });
}
