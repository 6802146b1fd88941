/** Every kind of proof that can be sent and accepted. */
export const proofFormats = ["svid-proof-1", "wpt-02", "wpt-01"] as const;

/** A kind of proof, named after its specification and revision; see SPEC-MAP.md. */
export type ProofFormat = (typeof proofFormats)[number];

/** What a verifier can be told to accept: a kind of proof, or the connection of the caller. */
export type EvidenceKind = ProofFormat | "mutual-tls";

const schemes: Record<ProofFormat, string> = {
  "svid-proof-1": "SVID-Proof",
  "wpt-02": "WPT",
  "wpt-01": "WPT",
};

/** The value of `WWW-Authenticate` for a verifier that accepts these formats. */
export function challengeOf(accept: readonly ProofFormat[]): string {
  return [...new Set(accept.map((format) => schemes[format]))].join(", ");
}
