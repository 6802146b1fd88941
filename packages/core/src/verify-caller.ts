import { type Awaitable, andThen } from "./awaitable.js";
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
import { type CarriedTokens, carriedTokens } from "./proof/token-hashes.js";
import type { VerifiedCredential } from "./proof/verified-credential.js";
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
  readonly claim: () => Awaitable<void>;
  /** Agrees on the session that the proof offers, where it offers one. */
  readonly agree?: (sessions: Sessions) => Promise<KeepSession>;
}

/** Verifies everything that the head of a request says of its caller; `now` in epoch seconds. */
export type VerifyCaller = (
  request: ProofRequest,
  demands: VerifyRules,
  now: number,
) => Awaitable<ProvedRequest>;

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

  function byProof(head: Head, now: number): Awaitable<ProvedRequest> {
    const sessionProof = findSessionProof(head.headers);
    if (sessionProof === undefined) return bySignature(head, now);
    return bySession(sessionProof, head, rules, channels, now);
  }

  return function verifyCaller(request, demands, now) {
    const target = parseTarget(request.target);
    const headers = readSecurityHeaders(request.headers);
    const head = { request, headers, target, demands };
    if (carriesProof(headers)) return byProof(head, now);
    const without = callerWithoutProof(request, headers, demands, rules, channels, now);
    return without.then((caller) =>
      caller === undefined ? byProof(head, now) : provedByNothing(caller, head),
    );
  };
}

/** Nothing of the request itself was proved. */
function provedByNothing(caller: Caller, { request, target }: Head): ProvedRequest {
  const head = { method: request.method, ...target };
  return { caller, head, proof: undefined, exchange: undefined, claim: () => undefined };
}

function bySession(
  text: string,
  { request, headers, target, demands }: Head,
  rules: VerifierRules,
  channels: ChannelCache,
  now: number,
): Awaitable<ProvedRequest> {
  const { method } = request;
  const tokens = carriedTokens(request.headers, headers, rules.tokenHeaders);
  const head = { method, target: request.target, tokens };
  return andThen(verifySessionProof(text, head, demands, rules, now), (proof) => {
    const { sessions, opener, record } = proof;
    const { id, credential } = opener;
    const { txnToken } = tokens;
    return andThen(verifyBesides({ request, id, txnToken }, rules, channels, now), (onBehalfOf) => {
      const caller = Object.freeze({ id, credential, proof: record, onBehalfOf });
      keepUserToken(caller, headers.authorization);
      const claim = () => sessions.claim(caller, rules, now);
      return { caller, head: { method, ...target }, proof, exchange: undefined, claim };
    });
  });
}

/** Checks what comes beside a proof that holds: the connection, and on whose behalf the caller asks. */
function verifyBesides(
  { request, id, txnToken }: Pick<Head, "request"> & Pick<Caller, "id"> & CarriedTransaction,
  rules: VerifierRules,
  channels: ChannelCache,
  now: number,
): Awaitable<Caller["onBehalfOf"]> {
  return andThen(checkChannel(request, id, rules, channels, now), () =>
    verifyTransaction(txnToken, id, rules, now),
  );
}

type CarriedTransaction = Pick<CarriedTokens, "txnToken">;

function createSignatureReader(rules: VerifierRules, channels: ChannelCache) {
  const cache = createCredentialCache();

  return function bySignature(received: Head, now: number): Awaitable<ProvedRequest> {
    const { request, headers, target, demands } = received;
    const { method, headers: fields, content } = request;
    const { accept, requiredHeaders } = demands;
    const opened = openProof(findProof(headers, accept), rules);
    const tokens = carriedTokens(fields, headers, rules.tokenHeaders);
    const hasContent = content !== undefined;
    const head = { method, target, headers: fields, requiredHeaders, tokens, hasContent };
    return andThen(verifyCredential(opened, rules, cache, now), (credential) =>
      andThen(verifyProof(opened, credential, head, rules, now), (proof) => {
        cache.set(opened.credentialText, credential);
        return proved(received, tokens, credential, proof, now);
      }),
    );
  };

  function proved(
    { request, headers, target }: Head,
    { txnToken }: CarriedTransaction,
    credential: VerifiedCredential,
    proof: VerifiedProof,
    now: number,
  ): Awaitable<ProvedRequest> {
    const { id, record, bundle } = credential;
    return andThen(verifyBesides({ request, id, txnToken }, rules, channels, now), (onBehalfOf) => {
      const { verifiedHeaders, exchange, offer } = proof;
      const opener = { id, credential: record, proof: proof.record };
      const caller: Caller = Object.freeze({ ...opener, verifiedHeaders, onBehalfOf });
      keepUserToken(caller, headers.authorization);
      const claim = () => claimOnce(caller, proof, rules, now);
      const evidence = {
        caller,
        head: { method: request.method, ...target },
        proof,
        exchange,
        claim,
      };
      if (offer === undefined) return evidence;
      const agree = (sessions: Sessions) => agreeOnSession(offer, opener, bundle, sessions, rules);
      return { ...evidence, agree };
    });
  }
}
