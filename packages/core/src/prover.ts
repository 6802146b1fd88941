import { epochSeconds } from "./clock.js";
import { contextHeaders } from "./context/context-headers.js";
import { hashBytes } from "./hash.js";
import { chooseCredential, isSignature } from "./proof/choose-credential.js";
import type { ProofFormat } from "./proof/format.js";
import { type MadeFor, makeProof } from "./proof/make-proof.js";
import { findPeer, type Peer, type ProverOptions, parseProverOptions } from "./prover-options.js";
import { createPeerSessions, type TakeAnswer } from "./session/peer-sessions.js";
import { sessionFormat } from "./session/protocol.js";
import type { ResponseCheck } from "./signature/response-check.js";
import type { SpiffeId } from "./spiffe/spiffe-id.js";

/** A request that is about to be sent. */
export interface OutboundRequest {
  /** As it will stand in the request line. */
  readonly method: string;
  readonly url: URL;
  /** Only read: to bind tokens that travel with the request, and to notice conflicts. */
  readonly headers: Iterable<readonly [name: string, value: string]>;
  /** The bytes as they will be sent, after content coding; absent when there is no content. */
  readonly content?: Uint8Array | undefined;
  /** `signed`: not by session. Default `any`. */
  readonly proof?: "any" | "signed" | undefined;
}

/** A proof for one request. Good for that request, once, for a minute. */
export interface Proof {
  /** To be added to the request: the proof, and what of the call context goes to this peer. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly format: ProofFormat | "svid-session-1";
  /** Who we are in it. */
  readonly id: SpiffeId;
  /** Who is expected to answer. */
  readonly peer: SpiffeId;
  /** What the response is held to; undefined for a proof token, which asks for nothing. */
  readonly response: ResponseCheck | undefined;
  /**
   * What it has to do with a session: `used` for proving it, `offered` to open one, `paused` because
   * the peer keeps forgetting them.
   */
  readonly session: "none" | "offered" | "used" | "paused";
  /** To be called with the response, or with undefined when none comes. Absent where it says nothing. */
  readonly answered: TakeAnswer | undefined;
}

/** Proves this workload's identity, request by request. */
export interface Prover {
  /**
   * Makes a new proof. A retry is a new request and needs another one.
   *
   * @throws {ProofError} `url_invalid`, `transport_insecure`, `peer_unknown`, `header_conflict`
   * @throws {CredentialError} `credential_missing`, `credential_expired`, `source_not_ready`,
   * `source_closed`
   */
  prove(request: OutboundRequest): Promise<Proof>;
}

/**
 * Makes a prover.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function createProver(options: ProverOptions): Prover {
  const rules = parseProverOptions(options);

  const sessionsOf = rules.sessions && createPeerSessions(rules.sessions, rules.clock);

  async function prove(request: OutboundRequest): Promise<Proof> {
    const { url } = request;
    const peer = findPeer(url, rules.peers);
    const application = [...request.headers];
    const context = contextHeaders(peer, application);
    const headers = [...application, ...context];
    const now = epochSeconds(rules.clock);
    const chosen = chooseCredential(rules.identity.credentials(), peer.accept, headers, now);
    const { format, credential } = chosen;
    const names = { id: credential.id, peer: peer.id };
    const subject = await subjectOf(request, headers, peer, rules.tokenHeaders);
    const pair = { origin: url.origin, peer: peer.id, credential };
    const sessions = isSignature(chosen) ? undefined : sessionsOf?.(pair);
    const part = request.proof === "signed" ? undefined : await sessions?.prove(subject, now);
    if (part !== undefined) {
      const added = [...context, ...part.headers];
      const { answered } = part;
      const used = { format: sessionFormat, response: undefined, session: "used" } as const;
      return Object.freeze({ headers: added, ...names, ...used, answered });
    }
    const offer = await sessions?.offer();
    const made = await makeProof(chosen, { ...subject, sessionKey: offer?.claim }, now);
    return Object.freeze({
      headers: [...context, ...made.headers],
      format,
      ...names,
      response: made.answered && rules.checkResponse(made.answered, peer),
      session: offer === undefined ? (sessions?.isPaused ? "paused" : "none") : "offered",
      answered: made.token && offer?.sent(made.token),
    });
  }

  return Object.freeze({ prove });
}

async function subjectOf(
  { method, url, content }: OutboundRequest,
  headers: MadeFor["headers"],
  { boundHeaders, signedResponse }: Peer,
  tokenHeaders: readonly string[],
): Promise<MadeFor> {
  return {
    method,
    target: { path: url.pathname, query: url.search === "" ? undefined : url.search.slice(1) },
    headers,
    audience: `${url.origin}${url.pathname}`,
    contentDigest: content === undefined ? undefined : await hashBytes(content),
    tokenHeaders,
    boundHeaders,
    signedResponse,
  };
}
