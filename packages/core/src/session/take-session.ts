import { runtime } from "#runtime";
import type { Agreement, SecretKey } from "../runtime/secrets-port.js";
import type { SpiffeId } from "../spiffe/spiffe-id.js";
import type { TrustSource } from "../trust/trust-source.js";
import { isSignedAnswer } from "./answer-signature.js";
import { deriveKeys, hashTranscript } from "./derive-keys.js";
import { agreeWith, textOfKey } from "./ephemeral-key.js";
import { textOfConfirmation } from "./open-session.js";
import { parseSessionAnswer } from "./session-answer.js";

/** A proof on its way that offers to open a session. */
export interface SentOffer {
  readonly agreement: Agreement;
  readonly proof: string;
  readonly wit: string | undefined;
  readonly caller: SpiffeId;
  readonly thumbprint: string;
  readonly origin: string;
  /** Who is expected to answer. */
  readonly verifier: SpiffeId;
}

/** A session as the answer brings it. */
export interface TakenSession {
  readonly id: string;
  readonly locator: string;
  readonly key: SecretKey;
  readonly lifetimeSeconds: number;
}

/** What the prover asks of an answer. */
export interface AnswerRules {
  /** `signed`: only what the expected verifier signed is taken. */
  readonly sessions: "on" | "signed";
  /** Who says which keys are whose; undefined where nobody does, and no signature is looked at. */
  readonly trust: TrustSource | undefined;
}

/**
 * Takes the session that an answer brings. Only the holder of the verifier's ephemeral key can confirm
 * it, and the verifier's name is in what is confirmed where the answer is signed.
 *
 * @returns undefined when the answer is not one to this offer, whatever is wrong with it
 */
export async function takeSession(
  text: string,
  offer: SentOffer,
  { sessions, trust }: AnswerRules,
  now: number,
): Promise<TakenSession | undefined> {
  const answer = parseSessionAnswer(text);
  if (answer === undefined) return undefined;
  const { sessionId, verifierKey, lifetimeSeconds, confirmation, ticket, signature } = answer;
  const agreed = await agreeWith(offer.agreement, verifierKey);
  if (agreed === undefined) return undefined;
  const { caller, verifier } = offer;
  const transcriptHash = await hashTranscript({
    proof: offer.proof,
    wit: offer.wit,
    caller: caller.toString(),
    thumbprint: offer.thumbprint,
    origin: offer.origin,
    verifier: signature === undefined ? undefined : verifier.toString(),
    sessionId,
    callerKey: textOfKey(offer.agreement),
    verifierKey,
  });
  const keys = await deriveKeys(agreed, transcriptHash);
  const confirmed = textOfConfirmation(lifetimeSeconds, ticket);
  if (!(await runtime.isMac(keys.confirmation, confirmed, confirmation))) return undefined;
  if (signature === undefined && sessions === "signed") return undefined;
  if (signature !== undefined && trust !== undefined) {
    const expected = { verifier, caller, transcriptHash };
    if (!(await isSignedAnswer(signature, expected, trust, now))) return undefined;
  }
  const key = await runtime.importMacKey(keys.request);
  return { id: sessionId, locator: ticket ?? sessionId, key, lifetimeSeconds };
}
