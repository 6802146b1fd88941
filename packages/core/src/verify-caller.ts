import type { Caller } from "./caller.js";
import { type ChannelCache, checkChannel } from "./channel/verify-channel.js";
import { keepUserToken } from "./context/user-token.js";
import { callerWithoutProof } from "./migration/caller-without-proof.js";
import type { PolicyRequest } from "./policy/policy.js";
import type { BoundContent } from "./proof/bind-content.js";
import { createCredentialCache } from "./proof/credential-cache.js";
import type { ProofRequest } from "./proof/proof-request.js";
import { carriesProof, findProof, findSessionProof } from "./proof/received-proof.js";
import { readSecurityHeaders, type SecurityHeaders } from "./proof/security-headers.js";
import { parseTarget, type Target } from "./proof/target.js";
import { carriedTokens } from "./proof/token-hashes.js";
import { openProof, verifyCredential } from "./proof/verify-credential.js";
import { type VerifiedProof, verifyProof } from "./proof/verify-proof.js";
import { claimOnce } from "./replay/claim-once.js";
import { agreeOnSession, type KeepSession } from "./session/open-session.js";
import type { Sessions } from "./session/session.js";
import { verifySessionProof } from "./session/verify-session-proof.js";
import { verifyTransaction } from "./transaction/verify-transaction.js";
import type { VerifierRules } from "./verifier-options.js";
import type { VerifyRules } from "./verify-options.js";

/** Who makes a request, and what was proved of it. */
export interface ProvedRequest {
  readonly caller: Caller;
  readonly head: Omit<PolicyRequest, "time">;
  /** Undefined when nothing but the connection speaks for the caller. */
  readonly proof: BoundContent | undefined;
  /** What a signed response has to refer to. */
  readonly exchange: VerifiedProof["exchange"];
  /** Uses the proof up. */
  readonly claim: () => Promise<void>;
  /** Agrees on the session that the proof offers, where it offers one. */
  readonly agree?: (sessions: Sessions) => Promise<KeepSession>;
}

/** Verifies everything that the head of a request says of its caller; `now` in epoch seconds. */
export type VerifyCaller = (
  request: ProofRequest,
  demands: VerifyRules,
  now: number,
) => Promise<ProvedRequest>;

interface Head {
  readonly request: ProofRequest;
  readonly headers: SecurityHeaders;
  readonly target: Target;
  readonly demands: VerifyRules;
}

/** Makes what finds out who calls. Verdicts on credentials and connections are kept across requests. */
export function createCallerVerifier(rules: VerifierRules): VerifyCaller {
  const channels: ChannelCache = new WeakMap();
  const bySignature = createSignatureReader(rules, channels);

  return async function verifyCaller(request, demands, now) {
    const target = parseTarget(request.target);
    const headers = readSecurityHeaders(request.headers);
    const head = { request, headers, target, demands };
    if (!carriesProof(headers)) {
      const caller = await callerWithoutProof(request, headers, demands, rules, channels, now);
      if (caller !== undefined) return provedByNothing(caller, head);
    }
    const sessionProof = findSessionProof(headers);
    if (sessionProof !== undefined) return bySession(sessionProof, head, rules, channels, now);
    return bySignature(head, now);
  };
}

/** Nothing of the request itself was proved. */
function provedByNothing(caller: Caller, { request, target }: Head): ProvedRequest {
  const head = { method: request.method, ...target };
  return { caller, head, proof: undefined, exchange: undefined, claim: async () => undefined };
}

async function bySession(
  text: string,
  { request, headers, target, demands }: Head,
  rules: VerifierRules,
  channels: ChannelCache,
  now: number,
): Promise<ProvedRequest> {
  const { method } = request;
  const tokens = carriedTokens(request.headers, headers, rules.tokenHeaders);
  const head = { method, target: request.target, tokens };
  const proof = await verifySessionProof(text, head, demands, rules, now);
  const { sessions, opener, record } = proof;
  const { id, credential } = opener;
  await checkChannel(request, id, rules, channels, now);
  const onBehalfOf = await verifyTransaction(tokens.txnToken, id, rules, now);
  const caller = Object.freeze({ id, credential, proof: record, onBehalfOf });
  keepUserToken(caller, headers.authorization);
  const claim = async () => sessions.claim(caller, rules, now);
  return { caller, head: { method, ...target }, proof, exchange: undefined, claim };
}

function createSignatureReader(rules: VerifierRules, channels: ChannelCache) {
  const cache = createCredentialCache();

  return async function bySignature(
    { request, headers, target, demands }: Head,
    now: number,
  ): Promise<ProvedRequest> {
    const { method, headers: fields, content } = request;
    const { accept, requiredHeaders } = demands;
    const opened = openProof(findProof(headers, accept), rules);
    const tokens = carriedTokens(fields, headers, rules.tokenHeaders);
    const credential = await verifyCredential(opened, rules, cache, now);
    const hasContent = content !== undefined;
    const head = { method, target, headers: fields, requiredHeaders, tokens, hasContent };
    const proof = await verifyProof(opened, credential, head, rules, now);
    cache.set(opened.credentialText, credential);
    const { id, record, bundle } = credential;
    await checkChannel(request, id, rules, channels, now);
    const onBehalfOf = await verifyTransaction(tokens.txnToken, id, rules, now);
    const { verifiedHeaders, exchange, offer } = proof;
    const opener = { id, credential: record, proof: proof.record };
    const caller: Caller = Object.freeze({ ...opener, verifiedHeaders, onBehalfOf });
    keepUserToken(caller, headers.authorization);
    const claim = () => claimOnce(caller, proof, rules, now);
    const evidence = { caller, head: { method, ...target }, proof, exchange, claim };
    if (offer === undefined) return evidence;
    const agree = (sessions: Sessions) => agreeOnSession(offer, opener, bundle, sessions, rules);
    return { ...evidence, agree };
  };
}
