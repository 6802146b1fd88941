import { runtime } from "#runtime";
import type { X509Credential } from "../credential/credential.js";
import { base64, base64url, utf8 } from "../encoding.js";
import { proofAlgorithmOf, schemeOf, spiffeAlgorithms } from "../jose/algorithms.js";
import {
  type JwsProfile,
  parseClaims,
  parseHeader,
  splitJws,
  verifySignature,
} from "../jose/compact-jws.js";
import { chainOf } from "../proof/svid-proof.js";
import type { SpiffeId } from "../spiffe/spiffe-id.js";
import type { CredentialSource, TrustSource } from "../trust/trust-source.js";
import { validateX509Svid } from "../x509/x509-svid.js";
import { sessionToken } from "./protocol.js";

const type = "svid-session+jwt";
const skewSeconds = 30;

const profile: JwsProfile = {
  token: sessionToken,
  maxBytes: 16 * 1024,
  types: [type],
  algorithms: spiffeAlgorithms,
  headerParameters: ["typ", "alg", "x5c"],
};

/** The credential that a verifier signs its answers with: its first X.509-SVID that is alive. */
export function answeringCredential(
  identity: TrustSource & Partial<CredentialSource>,
  now: number,
): X509Credential | undefined {
  return identity
    .credentials?.()
    .find((held): held is X509Credential => held.kind === "x509-svid" && now < held.expiresAt);
}

/** Signs the transcript of a session for the caller that opened it. */
export async function signAnswer(
  { algorithm, chain, key }: X509Credential,
  caller: SpiffeId,
  transcriptHash: Uint8Array,
): Promise<string> {
  const header = { typ: type, alg: algorithm, x5c: chain.map(base64) };
  const claims = { aud: caller, sth: base64url(transcriptHash) };
  const input = [header, claims].map((part) => base64url(utf8(JSON.stringify(part)))).join(".");
  const signature = await runtime.sign(schemeOf(algorithm), key, utf8(input));
  return `${input}.${base64url(signature)}`;
}

/** Who has to have signed what, and for whom. */
export interface ExpectedAnswer {
  readonly verifier: SpiffeId;
  readonly caller: SpiffeId;
  readonly transcriptHash: Uint8Array;
}

/** Whether the expected verifier signed the transcript for this caller; no, whatever is wrong with it. */
export async function isSignedAnswer(
  text: string,
  { verifier, caller, transcriptHash }: ExpectedAnswer,
  trust: TrustSource,
  now: number,
): Promise<boolean> {
  try {
    const segments = splitJws(text, profile);
    const { parameters, algorithm } = parseHeader(segments, profile);
    const { id, key } = await validateX509Svid(chainOf(parameters), trust, { now, skewSeconds });
    if (algorithm !== proofAlgorithmOf(key.shape) || !id.equals(verifier)) return false;
    await verifySignature(segments, algorithm, key, profile);
    const { aud, sth } = parseClaims(segments, profile);
    return aud === caller.toString() && sth === base64url(transcriptHash);
  } catch {
    return false;
  }
}
