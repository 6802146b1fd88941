import { runtime } from "#runtime";
import { utf8 } from "../encoding.js";
import { concat } from "../runtime/concat.js";
import type { SecretKey } from "../runtime/secrets-port.js";
import { joinTexts, protocolName } from "./protocol.js";

/** Everything that both sides have to see alike; keys and hashes are base64url. */
export interface Transcript {
  /** The proof that opens the session, as sent: the whole compact JWS. */
  readonly proof: string;
  /** The WIT-SVID beside it; undefined with an SVID-Proof, which has its chain inside. */
  readonly wit: string | undefined;
  /** The SPIFFE ID of the caller and the thumbprint of its credential. */
  readonly caller: string;
  readonly thumbprint: string;
  /** The origin that the proof was made for, in normal form. */
  readonly origin: string;
  /** The SPIFFE ID of the verifier where it signs its answer; undefined where it does not. */
  readonly verifier: string | undefined;
  readonly sessionId: string;
  readonly callerKey: string;
  readonly verifierKey: string;
}

/** SHA-256 over all of a transcript. */
export async function hashTranscript(transcript: Transcript): Promise<Uint8Array> {
  const { proof, wit, caller, thumbprint, origin, verifier } = transcript;
  const { sessionId, callerKey, verifierKey } = transcript;
  const names = [protocolName, caller, thumbprint, origin, verifier, sessionId];
  return runtime.sha256(utf8(joinTexts([...names, callerKey, verifierKey, wit, proof])));
}

/** Two keys with one use each, both from the caller to the verifier or the reverse, never both ways. */
export interface SessionKeys {
  /** 32 bytes: the caller's proofs. */
  readonly request: Uint8Array;
  /** The verifier's answer. */
  readonly confirmation: SecretKey;
}

/**
 * Derives the keys of a session, as TLS 1.3 does (RFC 8446 §7.1): what was agreed is extracted under a
 * name that nobody else uses, and each key is expanded for its purpose and the whole transcript.
 */
export async function deriveKeys(
  agreed: Uint8Array,
  transcriptHash: Uint8Array,
): Promise<SessionKeys> {
  const keyFor = (purpose: string) =>
    runtime.hkdf(
      agreed,
      protocolName,
      concat(utf8(joinTexts([protocolName, purpose])), transcriptHash),
    );
  const request = await keyFor("request");
  const confirmation = await runtime.importMacKey(await keyFor("confirmation"));
  return { request, confirmation };
}
