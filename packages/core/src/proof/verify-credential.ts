import type { Awaitable } from "../awaitable.js";
import type { TokenKind } from "../errors.js";
import { type JwsProfile, type JwsSegments, splitJws } from "../jose/compact-jws.js";
import { validateCertificateField } from "../signature/certificate-field.js";
import type { RequestSignature } from "../signature/request-signature.js";
import { lookUpBundle } from "../trust/bundle-lookup.js";
import type { VerifierRules } from "../verifier-options.js";
import type { CredentialCache } from "./credential-cache.js";
import type { TokenFormat } from "./format.js";
import type { ReceivedProof } from "./received-proof.js";
import { svidProofProfile, validateSvidProofHeader } from "./svid-proof.js";
import type { VerifiedCredential } from "./verified-credential.js";
import { validateWit, wptProfile } from "./wpt.js";

/** What decides on a credential. */
export type CredentialRules = Pick<
  VerifierRules,
  "identity" | "clockSkewSeconds" | "maxCredentialLifetimeSeconds" | "witProfile"
>;

/** A proof of which the form is right; its credential and what it says are open. */
export type OpenedProof = ProofToken | RequestSignature;

/** A proof token, split, and the rules of its kind. */
export interface ProofToken {
  readonly format: TokenFormat;
  readonly segments: JwsSegments;
  readonly profile: JwsProfile & { readonly token: "svid-proof" | "wpt" };
  /** The credential as sent: the header of an SVID-Proof, or the WIT-SVID beside a WPT. */
  readonly credentialText: string;
}

/**
 * Splits the proof of a request where it is a token.
 *
 * @throws {VerificationError} `token_too_large`, `token_serialization`, `token_malformed`,
 * `token_encoding_invalid`
 */
export function openProof(received: ReceivedProof, { algorithms }: VerifierRules): OpenedProof {
  if ("signature" in received) return received;
  const { format, token } = received;
  const isSvidProof = format === "svid-proof-1";
  const profile = isSvidProof ? svidProofProfile(algorithms) : wptProfile(algorithms);
  const segments = splitJws(token, profile);
  const credentialText = isSvidProof ? segments.header : received.wit;
  return { format, segments, profile, credentialText };
}

/**
 * Validates the credential behind a proof, or takes the verdict that was reached before on the same
 * text under the same bundle.
 *
 * @throws {VerificationError}
 */
export function verifyCredential(
  proof: OpenedProof,
  rules: CredentialRules,
  cache: CredentialCache,
  now: number,
): Awaitable<VerifiedCredential> {
  const { identity, clockSkewSeconds: skewSeconds } = rules;
  const known = cache.get(proof.credentialText);
  if (known !== undefined) {
    const bundle = lookUpBundle(identity, known.id.trustDomain, tokenOf(proof));
    if (bundle === known.bundle && now < known.record.expiresAt) return known;
    cache.delete(proof.credentialText);
  }
  if ("segments" in proof && proof.format === "svid-proof-1") {
    return validateSvidProofHeader(proof.segments, proof.profile, identity, { now, skewSeconds });
  }
  if (proof.format === "svid-signature-1") {
    return validateCertificateField(proof.credentialText, identity, { now, skewSeconds });
  }
  return validateWit(proof.credentialText, identity, {
    now,
    skewSeconds,
    maxLifetimeSeconds: rules.maxCredentialLifetimeSeconds,
    profile: rules.witProfile,
  });
}

function tokenOf(proof: OpenedProof): TokenKind {
  return "profile" in proof ? proof.profile.token : "http-signature";
}
