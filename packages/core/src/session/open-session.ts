import { runtime } from "#runtime";
import { base64url } from "../encoding.js";
import { VerificationError } from "../errors.js";
import type { TrustBundle } from "../trust/trust-bundle.js";
import type { VerifierRules } from "../verifier-options.js";
import { answeringCredential, signAnswer } from "./answer-signature.js";
import { deriveKeys, hashTranscript } from "./derive-keys.js";
import { agreeWith, textOfKey } from "./ephemeral-key.js";
import { joinTexts, sessionFormat } from "./protocol.js";
import type { Sessions, SignedCaller } from "./session.js";
import { formatSessionAnswer } from "./session-answer.js";
import type { SessionOffer } from "./session-offer.js";

const idBytes = 16;

/** Keeps a session, and makes the answer; undefined when none can be kept. */
export type KeepSession = (now: number) => Promise<string | undefined>;

/**
 * Agrees on a session with a caller whose proof holds.
 *
 * @throws {VerificationError} `session_key_invalid`
 */
export async function agreeOnSession(
  offer: SessionOffer,
  opener: SignedCaller,
  bundle: TrustBundle,
  sessions: Sessions,
  { identity, origins }: Pick<VerifierRules, "identity" | "origins">,
): Promise<KeepSession> {
  const agreement = await runtime.createAgreement();
  const agreed = await agreeWith(agreement, offer.callerKey);
  if (agreed === undefined) throw new VerificationError("session_key_invalid");

  return async function keepSession(now) {
    const credential = answeringCredential(identity, now);
    const id = base64url(runtime.randomBytes(idBytes));
    const verifierKey = textOfKey(agreement);
    const hash = await hashTranscript({
      proof: offer.proof,
      wit: offer.wit,
      caller: opener.id.toString(),
      thumbprint: opener.credential.thumbprint,
      origin: offer.origin,
      verifier: credential?.id.toString(),
      sessionId: id,
      callerKey: offer.callerKey as string,
      verifierKey,
    });
    const { request, confirmation } = await deriveKeys(agreed, hash);
    // Our own text of it: that of the offer is cut out of a longer one, which would be kept as well.
    const origin = origins.find((ours) => ours === offer.origin) as string;
    const locator = await sessions.keep({ id, key: request, opener, bundle, origin });
    if (locator === undefined) return undefined;
    const ticket = locator === id ? undefined : locator;
    const { lifetimeSeconds } = sessions;
    const signature = credential && (await signAnswer(credential, opener.id, hash));
    return formatSessionAnswer({
      sessionId: id,
      verifierKey,
      lifetimeSeconds,
      confirmation: await runtime.mac(confirmation, textOfConfirmation(lifetimeSeconds, ticket)),
      ticket,
      signature,
    });
  };
}

/** What the confirmation covers: all of the answer that is not in the transcript. */
export function textOfConfirmation(lifetimeSeconds: number, ticket: string | undefined): string {
  return joinTexts([sessionFormat, lifetimeSeconds, ticket]);
}
