/** The value of `SVID-Session` when it brings a session. */
export interface SessionAnswer {
  readonly sessionId: string;
  /** The verifier's ephemeral key, base64url. */
  readonly verifierKey: string;
  readonly lifetimeSeconds: number;
  /** Shows that the verifier has the key, and is a MAC over the rest of the answer. */
  readonly confirmation: string;
  /** What the proofs have to call the session, where that is not its id. */
  readonly ticket: string | undefined;
  /** A compact JWS of the verifier over the transcript. */
  readonly signature: string | undefined;
}

const form =
  /^"([\w-]{22})";k="([\w-]{87})";e=([1-9]\d{0,4});c="([\w-]{43})"(?:;t="([\w-]{22,4096})")?(?:;s="([\w.-]{1,16384})")?$/;

/** Writes the value: an Item with parameters (RFC 9651 §3.3), in this one form. */
export function formatSessionAnswer(answer: SessionAnswer): string {
  const { sessionId, verifierKey, lifetimeSeconds, confirmation, ticket, signature } = answer;
  const named = ticket === undefined ? "" : `;t="${ticket}"`;
  const signed = signature === undefined ? "" : `;s="${signature}"`;
  return `"${sessionId}";k="${verifierKey}";e=${lifetimeSeconds};c="${confirmation}"${named}${signed}`;
}

/** Reads the value; undefined for anything that does not have the one form. */
export function parseSessionAnswer(text: string): SessionAnswer | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  return {
    sessionId: match[1] as string,
    verifierKey: match[2] as string,
    lifetimeSeconds: Number(match[3]),
    confirmation: match[4] as string,
    ticket: match[5],
    signature: match[6],
  };
}
