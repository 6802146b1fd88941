/** The protocol and its version, in every derivation. */
export const protocolName = "firsthand svid-session-1";

/** What `caller.proof.format` and telemetry call a proof by session. */
export const sessionFormat = "svid-session-1";

/** What errors call it. */
export const sessionToken = "svid-session";

/** The claim of a proof that offers to open a session: base64url of a point on P-256. */
export const openingClaim = "urn:firsthand:epk";

/** Field names as they are sent. */
export const sessionHeaders = { proof: "SVID-Session-Proof", answer: "SVID-Session" } as const;

/** What an answer says instead of a session, when the request has to be proved with a signature. */
export type SessionRefusal = "unknown" | "signature-required";

/** For how long a proof by session is good, like a signed one. */
export const proofLifetimeSeconds = 60;

/** How far back a number of a session may lie. */
export const windowWidth = 1024;

/** The last number of a session. */
export const maxSequence = 2 ** 31 - 1;

/**
 * Texts as one text from which each of them can be read again: its length, a colon and itself; a dash
 * for one that is absent.
 */
export function joinTexts(texts: readonly (string | number | undefined)[]): string {
  let joined = "";
  for (const text of texts) {
    const given = text === undefined ? undefined : String(text);
    joined += given === undefined ? "-" : `${given.length}:${given}`;
  }
  return joined;
}
