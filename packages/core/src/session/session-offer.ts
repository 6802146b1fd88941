import type { JsonObject } from "../jose/strict-json.js";
import { type Audience, parseAudience } from "../proof/target.js";
import type { ProofToken } from "../proof/verify-credential.js";
import { openingClaim } from "./protocol.js";

/** What a proof says that offers to open a session. */
export interface SessionOffer {
  /** The claim, whatever it is. */
  readonly callerKey: unknown;
  /** The proof as sent, and the WIT-SVID beside it where there is one. */
  readonly proof: string;
  readonly wit: string | undefined;
  /** The origin that the proof was made for, in normal form. */
  readonly origin: string;
}

/** The offer in a proof whose claims were checked; undefined when there is none. */
export function sessionOfferOf(
  claims: JsonObject,
  { segments, format, credentialText }: ProofToken,
): SessionOffer | undefined {
  if (!(openingClaim in claims)) return undefined;
  const { aud } = claims;
  const { origin } = parseAudience(String(aud)) as Audience;
  return {
    callerKey: claims[openingClaim],
    proof: `${segments.header}.${segments.claims}.${segments.signature}`,
    wit: format === "svid-proof-1" ? undefined : credentialText,
    origin,
  };
}
