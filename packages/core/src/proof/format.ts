import { sessionFormat } from "../session/protocol.js";

/** A signed token that binds a request by hashes. */
export const tokenFormats = ["svid-proof-1", "wpt-02", "wpt-01"] as const;

/** A signature over the message itself (RFC 9421). */
export const signatureFormats = [
  "http-signature-07",
  "http-signature-06",
  "svid-signature-1",
] as const;

/** Every kind of proof that can be sent and accepted. */
export const proofFormats = [...tokenFormats, ...signatureFormats] as const;

export type TokenFormat = (typeof tokenFormats)[number];
export type SignatureFormat = (typeof signatureFormats)[number];

/** A kind of proof, named after its specification and revision; see SPEC-MAP.md. */
export type ProofFormat = (typeof proofFormats)[number];

/** What a verifier can be told to accept: a kind of proof, or the connection of the caller. */
export type EvidenceKind = ProofFormat | "mutual-tls";

/** What may have spoken for a caller in the end, as `caller.proof.format` says it. */
export type ProvedBy = EvidenceKind | typeof sessionFormat;

/** Every {@link ProvedBy}. */
export const provedBy: readonly ProvedBy[] = [...proofFormats, sessionFormat, "mutual-tls"];

const schemes: Record<TokenFormat, string> = {
  "svid-proof-1": "SVID-Proof",
  "wpt-02": "WPT",
  "wpt-01": "WPT",
};

/** Whether a kind of proof is a signature over the message. */
export function isSignatureFormat(format: EvidenceKind): format is SignatureFormat {
  return (signatureFormats as readonly string[]).includes(format);
}

/**
 * The value of `WWW-Authenticate` for a verifier that accepts these formats. A signature is no scheme
 * of HTTP authentication; `Accept-Signature` asks for it.
 */
export function challengeOf(accept: readonly ProofFormat[]): string {
  const asked = accept.flatMap((format) => (isSignatureFormat(format) ? [] : [schemes[format]]));
  return [...new Set(asked)].join(", ");
}
