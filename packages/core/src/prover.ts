import { type Awaitable, andThen, isThenable } from "./awaitable.js";
import { epochSeconds } from "./clock.js";
import { contextHeaders } from "./context/context-headers.js";
import { hashBytes } from "./hash.js";
import { type ChosenCredential, chooseCredential, isSignature } from "./proof/choose-credential.js";
import type { ProofFormat } from "./proof/format.js";
import { type MadeFor, makeProof, readTokens } from "./proof/make-proof.js";
import { findPeer, type Peer, type ProverOptions, parseProverOptions } from "./prover-options.js";
import { createPeerSessions, type PeerSessions, type TakeAnswer } from "./session/peer-sessions.js";
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
    const { url, content } = request;
    const peer = findPeer(url, rules.peers);
    const application = [...request.headers];
    const context = contextHeaders(peer, application);
    const headers = context.length === 0 ? application : [...application, ...context];
    const now = epochSeconds(rules.clock);
    const chosen = chooseCredential(rules.identity.credentials(), peer.accept, headers, now);
    const digest = content === undefined ? undefined : hashBytes(content);
    const contentDigest = isThenable(digest) ? await digest : digest;
    const subject = subjectOf(request, headers, contentDigest, peer, rules.tokenHeaders);
    const pair = { origin: url.origin, peer: peer.id, credential: chosen.credential };
    const sessions = isSignature(chosen) ? undefined : sessionsOf?.(pair);
    const unproved = { chosen, peer, context, subject, sessions, now };
    return request.proof === "signed" ? sign(unproved) : proveBySession(unproved);
  }

  /** With a signature where there is no session. */
  function proveBySession(unproved: Unproved): Awaitable<Proof> {
    const { sessions, subject, now } = unproved;
    return andThen(sessions?.prove(subject, now), (part) => {
      if (part === undefined) return sign(unproved);
      const { headers, answered } = part;
      const made = { headers, answered, format: sessionFormat, response: undefined } as const;
      return proofOf(unproved, made, "used");
    });
  }

  function sign(unproved: Unproved): Awaitable<Proof> {
    const { chosen, peer, subject, sessions, now } = unproved;
    return andThen(sessions?.offer(), (offer) =>
      andThen(makeProof(chosen, subject, offer?.claim, now), ({ headers, answered, token }) => {
        const { format } = chosen;
        const response = answered && rules.checkResponse(answered, peer);
        const made = { headers, format, response, answered: token && offer?.sent(token) };
        const unused = sessions?.isPaused ? "paused" : "none";
        return proofOf(unproved, made, offer === undefined ? unused : "offered");
      }),
    );
  }

  return Object.freeze({ prove });
}

/** A request of which everything but the proof is known. */
interface Unproved {
  readonly chosen: ChosenCredential;
  readonly peer: Peer;
  readonly context: Proof["headers"];
  readonly subject: MadeFor;
  readonly sessions: PeerSessions | undefined;
  /** Seconds since the epoch. */
  readonly now: number;
}

function proofOf(
  { chosen, peer, context }: Unproved,
  { headers, format, response, answered }: Omit<Proof, "id" | "peer" | "session">,
  session: Proof["session"],
): Proof {
  return Object.freeze({
    headers: context.length === 0 ? headers : [...context, ...headers],
    format,
    id: chosen.credential.id,
    peer: peer.id,
    response,
    session,
    answered,
  });
}

function subjectOf(
  { method, url }: OutboundRequest,
  headers: MadeFor["headers"],
  contentDigest: string | undefined,
  { boundHeaders, signedResponse }: Peer,
  tokenHeaders: readonly string[],
): MadeFor {
  const { origin, pathname: path, search } = url;
  return {
    method,
    target: { path, query: search === "" ? undefined : search.slice(1) },
    headers,
    tokens: readTokens(headers, tokenHeaders),
    audience: origin + path,
    contentDigest,
    tokenHeaders,
    boundHeaders,
    signedResponse,
  };
}
