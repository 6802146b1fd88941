import type { Awaitable } from "../awaitable.js";
import { ProofError, VerificationError } from "../errors.js";
import { hashText } from "../hash.js";
import { type SignatureSubject, signRequest } from "../signature/sign-request.js";
import type { AnsweredRequest } from "../signature/sign-response.js";
import { type ChosenCredential, isSignature } from "./choose-credential.js";
import type { ProofRequest } from "./proof-request.js";
import { readSecurityHeaders, singleHeader } from "./security-headers.js";
import { type SentProof, signProof } from "./sign-proof.js";
import type { Target } from "./target.js";
import { type CarriedTokens, carriedTokens, hashTokens } from "./token-hashes.js";

/** Everything of one request that a proof of either kind binds. */
export interface MadeFor extends SignatureSubject {
  readonly method: string;
  readonly target: Target;
  readonly headers: ProofRequest["headers"];
  /** The ephemeral key of an offer to open a session; only a token can carry it. */
  readonly sessionKey?: string | undefined;
}

/** The fields of a proof, and what the response to a signed request has to refer to. */
export interface MadeProof {
  readonly headers: ProofRequest["headers"];
  readonly answered: AnsweredRequest | undefined;
  /** Undefined for a signature. */
  readonly token: SentProof | undefined;
}

/**
 * Makes a proof of the chosen kind: a signature over the message, or a token with hashes of it.
 *
 * @throws {ProofError} `header_conflict`
 */
export async function makeProof(
  chosen: ChosenCredential,
  subject: MadeFor,
  now: number,
): Promise<MadeProof> {
  const { method, target, headers, audience, contentDigest: content, sessionKey } = subject;
  const tokens = await readTokens(subject);
  if (isSignature(chosen)) {
    const head = { method, target, headers };
    const signed = await readOwn(() => signRequest(chosen, now, head, subject));
    return {
      headers: signed.headers,
      answered: { format: chosen.format, nonce: signed.nonce, head },
      token: undefined,
    };
  }
  const query = target.query === undefined ? undefined : await hashText(target.query);
  const hashes = await hashTokens(tokens);
  const bindings = { audience, method, query, content, tokens: hashes, sessionKey };
  const token = await signProof(chosen, now, bindings);
  return { headers: token.headers, answered: undefined, token };
}

/**
 * Finds the tokens that travel with our own request.
 *
 * @throws {ProofError} `header_conflict`
 */
export function readTokens({
  headers,
  tokenHeaders,
}: Pick<MadeFor, "headers" | "tokenHeaders">): Promise<CarriedTokens> {
  return readOwn(() => {
    singleHeader(headers, "content-type");
    return carriedTokens(headers, readSecurityHeaders(headers), tokenHeaders);
  });
}

/** Reads our own request exactly as the verifier will read it. */
async function readOwn<T>(read: () => Awaitable<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof VerificationError)) throw cause;
    throw new ProofError("header_conflict", { cause, detail: cause.message });
  }
}
