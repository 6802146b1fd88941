import { type Awaitable, andThen, recover } from "../awaitable.js";
import { ProofError, VerificationError } from "../errors.js";
import { hashText } from "../hash.js";
import { type SignatureSubject, signRequest } from "../signature/sign-request.js";
import type { AnsweredRequest } from "../signature/sign-response.js";
import { type ChosenCredential, isSignature, type TokenCredential } from "./choose-credential.js";
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
  readonly tokens: CarriedTokens;
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
 * @param sessionKey the ephemeral key of an offer to open a session; only a token can carry it
 * @throws {ProofError} `header_conflict`
 */
export function makeProof(
  chosen: ChosenCredential,
  subject: MadeFor,
  sessionKey: string | undefined,
  now: number,
): Awaitable<MadeProof> {
  if (!isSignature(chosen)) return makeToken(chosen, subject, sessionKey, now);
  const { method, target, headers } = subject;
  const head = { method, target, headers };
  const signing = recover(() => signRequest(chosen, now, head, subject), throwOwn);
  return andThen(signing, ({ headers, nonce }) => ({
    headers,
    answered: { format: chosen.format, nonce, head },
    token: undefined,
  }));
}

function makeToken(
  chosen: TokenCredential,
  { method, target, audience, contentDigest: content, tokens }: MadeFor,
  sessionKey: string | undefined,
  now: number,
): Awaitable<MadeProof> {
  const hashedQuery = target.query === undefined ? undefined : hashText(target.query);
  return andThen(hashedQuery, (query) =>
    andThen(hashTokens(tokens), (hashes) => {
      const bindings = { audience, method, query, content, tokens: hashes, sessionKey };
      const signing = signProof(chosen, now, bindings);
      return andThen(signing, (token) => ({
        headers: token.headers,
        answered: undefined,
        token,
      }));
    }),
  );
}

/**
 * Finds the tokens that travel with our own request.
 *
 * @throws {ProofError} `header_conflict`
 */
export function readTokens(
  headers: MadeFor["headers"],
  tokenHeaders: readonly string[],
): CarriedTokens {
  try {
    singleHeader(headers, "content-type");
    return carriedTokens(headers, readSecurityHeaders(headers), tokenHeaders);
  } catch (cause) {
    return throwOwn(cause);
  }
}

/** Our own request is read exactly as the verifier will read it; what it would refuse is ours to mend. */
function throwOwn(cause: unknown): never {
  if (!(cause instanceof VerificationError)) throw cause;
  throw new ProofError("header_conflict", { cause, detail: cause.message });
}
