import { VerificationError } from "../errors.js";
import type { CarriedTokens } from "../proof/token-hashes.js";
import { joinTexts, maxSequence, sessionFormat, sessionToken } from "./protocol.js";

/** The value of `SVID-Session-Proof`. */
export interface SessionProofValue {
  /** What names the session to the verifier: its id, or a ticket that holds it. */
  readonly locator: string;
  readonly sequence: number;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  /** base64url SHA-256 of the content; undefined without content. */
  readonly content: string | undefined;
  readonly mac: string;
}

/** Everything of one request that a proof by session binds. */
export interface SessionProofSubject {
  readonly sessionId: string;
  readonly sequence: number;
  readonly issuedAt: number;
  readonly content: string | undefined;
  readonly method: string;
  /** Path and query, as in the request line. */
  readonly target: string;
  readonly tokens: CarriedTokens;
}

const form =
  /^"([\w-]{22,4096})";n=(0|[1-9]\d{0,9});t=([1-9]\d{0,10})(?:;b="([\w-]{43})")?;m="([\w-]{43})"$/;

/** Writes the value of the header: an Item with parameters (RFC 9651 §3.3), in this one form. */
export function formatSessionProof(value: SessionProofValue): string {
  const { locator, sequence, issuedAt, content, mac } = value;
  const bound = content === undefined ? "" : `;b="${content}"`;
  return `"${locator}";n=${sequence};t=${issuedAt}${bound};m="${mac}"`;
}

/**
 * Reads the value of the header. Any other form than the one that is written is refused, however
 * equal it is as a structured field.
 *
 * @throws {VerificationError} `session_proof_malformed`
 */
export function parseSessionProof(text: string): SessionProofValue {
  const match = form.exec(text);
  const sequence = Number(match?.[2]);
  if (match === null || sequence > maxSequence) {
    throw new VerificationError("session_proof_malformed", { token: sessionToken });
  }
  return {
    locator: match[1] as string,
    sequence,
    issuedAt: Number(match[3]),
    content: match[4],
    mac: match[5] as string,
  };
}

/** The text that is authenticated. Tokens are in it themselves: their hashes would cost more. */
export function textOfSessionProof(subject: SessionProofSubject): string {
  const { sessionId, sequence, issuedAt, content, method, target, tokens } = subject;
  const { accessToken, txnToken } = tokens;
  const head = joinTexts([
    sessionFormat,
    sessionId,
    sequence,
    issuedAt,
    method,
    target,
    content,
    accessToken,
    txnToken,
  ]);
  return tokens.others.size === 0 ? head : head + joinTexts(others(tokens));
}

/** The further token fields that are there, in the order of their names. */
function others({ others }: CarriedTokens): readonly string[] {
  const present = [...others].filter((field): field is [string, string] => field[1] !== undefined);
  return present.sort(([a], [b]) => (a < b ? -1 : 1)).flat();
}
