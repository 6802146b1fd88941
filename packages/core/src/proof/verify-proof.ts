import { type Awaitable, andThen } from "../awaitable.js";
import type { SignedProof, VerifiedHeaders } from "../caller.js";
import type { TokenKind } from "../errors.js";
import { hashText } from "../hash.js";
import { textClaim } from "../jose/claims.js";
import { parseClaims, verifySignature } from "../jose/compact-jws.js";
import type { JsonObject } from "../jose/strict-json.js";
import { type SessionOffer, sessionOfferOf } from "../session/session-offer.js";
import type { SignedExchange } from "../signature/response-signer.js";
import { verifyRequestSignature } from "../signature/verify-request-signature.js";
import type { VerifierRules } from "../verifier-options.js";
import { bindingNames } from "./binding-names.js";
import {
  checkAudience,
  checkMethodAndQuery,
  checkProofTimes,
  type ProofTimes,
  proofIdOf,
} from "./proof-claims.js";
import type { ProofRequest } from "./proof-request.js";
import { checkSvidProofClaims } from "./svid-proof.js";
import type { Target } from "./target.js";
import { type CarriedTokens, checkTokenHashes } from "./token-hashes.js";
import type { VerifiedCredential } from "./verified-credential.js";
import type { OpenedProof, ProofToken } from "./verify-credential.js";
import { checkWptClaims, checkWptHeader } from "./wpt.js";

/** A proof of possession that holds for the head of a request; its content is still unread. */
export interface VerifiedProof {
  readonly token: TokenKind;
  readonly record: SignedProof;
  /** Single use, together with the credential. */
  readonly id: string;
  /** The digest of the content that was proved; undefined when none was. */
  readonly contentDigest: string | undefined;
  /** The further fields that a signature covers; undefined for a token, which covers none. */
  readonly verifiedHeaders: VerifiedHeaders | undefined;
  /** What a signed response has to refer to; undefined for a token, which has none. */
  readonly exchange: Omit<SignedExchange, "accepted"> | undefined;
  /** Undefined when it offers no session, or does not bind all of the request. */
  readonly offer: SessionOffer | undefined;
}

/** The head of a request, as far as a proof binds it. */
export interface ProvedHead {
  readonly method: string;
  readonly target: Target;
  readonly headers: ProofRequest["headers"];
  /** Fields that have to be there and be covered; none where tokens are accepted. Lower case. */
  readonly requiredHeaders: readonly string[];
  readonly tokens: CarriedTokens;
  readonly hasContent: boolean;
}

/**
 * Checks that the holder of the credential's key made this proof for this request, except for the
 * content.
 *
 * @throws {VerificationError}
 */
export function verifyProof(
  proof: OpenedProof,
  credential: VerifiedCredential,
  head: ProvedHead,
  rules: VerifierRules,
  now: number,
): Awaitable<VerifiedProof> {
  if ("signature" in proof) return verifyRequestSignature(proof, credential, head, rules, now);
  return verifyProofToken(proof, credential, head, rules, now);
}

/** Nothing in the claims is looked at before the signature holds. */
function verifyProofToken(
  proof: ProofToken,
  credential: VerifiedCredential,
  head: ProvedHead,
  rules: VerifierRules,
  now: number,
): Awaitable<VerifiedProof> {
  const { segments, profile } = proof;
  const { algorithm, key } = credential;
  if (profile.token === "wpt") checkWptHeader(segments, profile, credential);
  return andThen(verifySignature(segments, algorithm, key, profile, rules.checkSignature), () =>
    checkClaims(proof, credential, head, rules, now),
  );
}

function checkClaims(
  proof: ProofToken,
  credential: VerifiedCredential,
  head: ProvedHead,
  rules: VerifierRules,
  now: number,
): Awaitable<VerifiedProof> {
  const { segments, profile } = proof;
  const { token } = profile;
  const names = bindingNames[token];
  const claims = parseClaims(segments, profile);
  if (token === "wpt") checkWptClaims(claims, credential);
  else checkSvidProofClaims(claims, credential);
  const times = checkProofTimes(claims, token, {
    now,
    skewSeconds: rules.clockSkewSeconds,
    maxLifetimeSeconds: rules.maxProofLifetimeSeconds,
  });
  const { method, target, tokens } = head;
  const { origins, binding } = rules;
  const expected = { token, names, origins, method, target, binding };
  checkAudience(claims, expected);
  return andThen(checkMethodAndQuery(claims, expected), () =>
    andThen(checkTokenHashes(claims, tokens, token), () =>
      verifiedToken(proof, claims, times, head, rules),
    ),
  );
}

function verifiedToken(
  proof: ProofToken,
  claims: JsonObject,
  { issuedAt, expiresAt }: ProofTimes,
  head: ProvedHead,
  { binding }: VerifierRules,
): Awaitable<VerifiedProof> {
  const { token } = proof.profile;
  const { htb, htq } = bindingNames[token];
  const id = proofIdOf(claims, token);
  const contentDigest = textClaim(claims, htb, token);
  const isFull = binding === "full" || bindsAll(claims, htq, contentDigest, head);
  return andThen(hashText(id), (idHash) => ({
    token,
    // With every member by its name: sessions keep it, and a spread takes 80 bytes more.
    record: Object.freeze({
      format: proof.format,
      binding: isFull ? "full" : "target",
      idHash,
      issuedAt,
      expiresAt,
    } as const),
    id,
    contentDigest,
    verifiedHeaders: undefined,
    exchange: undefined,
    offer: isFull ? sessionOfferOf(claims, proof) : undefined,
  }));
}

/** Where the rules do not demand it: whether the proof binds method, query and content. */
function bindsAll(
  claims: JsonObject,
  htq: string,
  contentDigest: string | undefined,
  { target, hasContent }: ProvedHead,
): boolean {
  const isQueryBound = target.query === undefined || htq in claims;
  const isContentBound = !hasContent || contentDigest !== undefined;
  return "htm" in claims && isQueryBound && isContentBound;
}
