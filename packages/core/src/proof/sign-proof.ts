import { runtime } from "#runtime";
import { type Awaitable, andThen } from "../awaitable.js";
import type { Credential } from "../credential/credential.js";
import { base64url } from "../encoding.js";
import { schemeOf } from "../jose/algorithms.js";
import { openingClaim } from "../session/protocol.js";
import { bindingNames } from "./binding-names.js";
import type { TokenCredential } from "./choose-credential.js";
import { headerNames } from "./security-headers.js";
import { svidProofHeader } from "./svid-proof.js";
import type { TokenHashes } from "./token-hashes.js";
import { wptHeader } from "./wpt.js";

/** How long a proof lives that we make. */
export const lifetimeSeconds = 60;
/** How much randomness makes it the only one. */
export const idBytes = 16;

/** Everything of one request that a proof binds; hashes are base64url SHA-256. */
export interface ProofSubject {
  /** The target URI without query and fragment. */
  readonly audience: string;
  readonly method: string;
  /** Hash of the bytes after `?`; undefined without a `?`. */
  readonly query: string | undefined;
  /** Hash of the content; undefined without content. */
  readonly content: string | undefined;
  readonly tokens: TokenHashes;
  /** The ephemeral key of an offer to open a session. */
  readonly sessionKey?: string | undefined;
}

/** A proof as it is sent. */
export interface SentProof {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly proof: string;
  /** The WIT-SVID beside it. */
  readonly wit: string | undefined;
}

/** Makes a proof that lives for a minute from `now`, in epoch seconds. */
export function signProof(
  chosen: TokenCredential,
  now: number,
  { audience, method, query, content, tokens, sessionKey }: ProofSubject,
): Awaitable<SentProof> {
  const { format, credential } = chosen;
  const isSvidProof = format === "svid-proof-1";
  const names = bindingNames[isSvidProof ? "svid-proof" : "wpt"];
  const claims = {
    sub: isSvidProof ? credential.id.toString() : undefined,
    wth: isSvidProof ? undefined : credential.thumbprint,
    aud: audience,
    iat: now,
    exp: now + lifetimeSeconds,
    jti: base64url(runtime.randomBytes(idBytes)),
    htm: method,
    [names.htq]: query,
    [names.htb]: content,
    ath: tokens.ath,
    tth: tokens.tth,
    oth: tokens.oth,
    [openingClaim]: sessionKey,
  };
  const input = `${headerOf(chosen)}.${base64url(JSON.stringify(claims))}`;
  const scheme = schemeOf(credential.algorithm);
  const wit = isSvidProof ? undefined : credential.token;
  return andThen(runtime.sign(scheme, credential.key, input), (signature) => {
    const proof = `${input}.${base64url(signature)}`;
    return { headers: headersOf(chosen, proof), proof, wit };
  });
}

const headerSegments = new WeakMap<Credential, string>();

/** The header is the same for every proof of one credential, so it is encoded once. */
function headerOf({ format, credential }: TokenCredential): string {
  let segment = headerSegments.get(credential);
  if (segment === undefined) {
    segment = format === "svid-proof-1" ? svidProofHeader(credential) : wptHeader(credential);
    headerSegments.set(credential, segment);
  }
  return segment;
}

function headersOf({ format, credential }: TokenCredential, proof: string) {
  switch (format) {
    case "svid-proof-1":
      return [[headerNames.svidProof, proof]] as const;
    case "wpt-02":
      return [
        [headerNames.workloadIdentityToken, credential.token],
        [headerNames.authorization, `WPT ${proof}`],
      ] as const;
    case "wpt-01":
      return [
        [headerNames.workloadIdentityToken, credential.token],
        [headerNames.workloadProofToken, proof],
      ] as const;
  }
}
