import { runtime } from "#runtime";
import { type Awaitable, andThen } from "../awaitable.js";
import { type Clock, epochSeconds } from "../clock.js";
import type { Credential } from "../credential/credential.js";
import type { MadeFor } from "../proof/make-proof.js";
import { textOfTarget } from "../proof/target.js";
import type { SpiffeId } from "../spiffe/spiffe-id.js";
import { textOfKey } from "./ephemeral-key.js";
import { type SessionRefusal, sessionHeaders } from "./protocol.js";
import { SessionKeeper } from "./session-keeper.js";
import { formatSessionProof, textOfSessionProof } from "./session-proof.js";
import { type AnswerRules, type SentOffer, takeSession } from "./take-session.js";

/** What is looked at of the response to a proved request. */
export interface ProofResponse {
  readonly status: number;
  /** The value of a header field; undefined or null when it is absent. */
  header(name: string): string | null | undefined;
}

/**
 * Takes what a response says of sessions; undefined stands for no response. `repeat`: the request was
 * refused before anything acted on it, and may be sent once more with `proof: "signed"`.
 */
export type TakeAnswer = (response: ProofResponse | undefined) => Awaitable<"final" | "repeat">;

type Field = readonly [name: string, value: string];

/** What a proof by session binds. */
export type SessionSubject = Pick<MadeFor, "method" | "target" | "contentDigest" | "tokens">;

/** The fields of a proof by session. */
export interface SessionPart {
  readonly headers: readonly Field[];
  readonly answered: TakeAnswer;
}

/** An offer before the proof that makes it is signed. */
export interface UnsentOffer {
  /** The value of the claim. */
  readonly claim: string;
  /** Binds the offer to the proof as it will be sent. */
  sent(signed: Pick<SentOffer, "proof" | "wit">): TakeAnswer;
}

/** With whom, and as whom. */
interface SessionPair {
  readonly origin: string;
  readonly peer: SpiffeId;
  readonly credential: Credential;
}

/** Finds the sessions with a peer under a credential. Those of another credential are let go. */
export type FindPeerSessions = (pair: SessionPair) => PeerSessions;

export function createPeerSessions(rules: AnswerRules, clock: Clock): FindPeerSessions {
  const byOrigin = new Map<string, WeakMap<Credential, PeerSessions>>();
  return (pair) => {
    const { origin, credential } = pair;
    let byCredential = byOrigin.get(origin);
    if (byCredential === undefined) {
      byCredential = new WeakMap();
      byOrigin.set(origin, byCredential);
    }
    let sessions = byCredential.get(credential);
    if (sessions === undefined) {
      sessions = new PeerSessions(pair, rules, clock);
      byCredential.set(credential, sessions);
    }
    return sessions;
  };
}

/** The sessions of a prover with one peer, under one credential. */
export class PeerSessions {
  readonly #pair: SessionPair;
  readonly #rules: AnswerRules;
  readonly #clock: Clock;
  readonly #keeper: SessionKeeper;

  constructor(pair: SessionPair, rules: AnswerRules, clock: Clock) {
    this.#pair = pair;
    this.#rules = rules;
    this.#clock = clock;
    this.#keeper = new SessionKeeper(clock);
  }

  /** Whether the peer forgot so many sessions that we keep to signatures for a while. */
  get isPaused(): boolean {
    return this.#keeper.isPaused;
  }

  /** Proves a request by session; undefined when it has to be signed. */
  prove(subject: SessionSubject, issuedAt: number): Awaitable<SessionPart | undefined> {
    const use = this.#keeper.use();
    if (use === undefined) return undefined;
    const { session, sequence } = use;
    const { method, contentDigest: content, tokens } = subject;
    const target = textOfTarget(subject.target);
    const numbers = { sessionId: session.id, sequence, issuedAt };
    const text = textOfSessionProof({ ...numbers, content, method, target, tokens });
    const answered: TakeAnswer = (response) => {
      this.#keeper.finished(use);
      const refusal = response?.status === 401 ? refusalIn(response) : undefined;
      if (refusal === "unknown") this.#keeper.forgotten(use);
      return refusal === undefined ? "final" : "repeat";
    };
    return andThen(runtime.mac(session.key, text), (mac) => {
      const { locator } = session;
      const value = formatSessionProof({ locator, sequence, issuedAt, content, mac });
      return { headers: [[sessionHeaders.proof, value]], answered };
    });
  }

  /** Offers to open a session; undefined while another offer is under way, and while paused. */
  offer(): Awaitable<UnsentOffer | undefined> {
    return this.#keeper.mayOffer() ? this.#offer() : undefined;
  }

  async #offer(): Promise<UnsentOffer> {
    const offeredAt = this.#keeper.offered();
    const agreement = await runtime.createAgreement();
    const { origin, peer: verifier, credential } = this.#pair;
    const { id: caller, thumbprint } = credential;
    const pair = { origin, verifier, caller, thumbprint };
    return {
      claim: textOfKey(agreement),
      sent: (signed) => this.#takeAnswer({ agreement, ...pair, ...signed }, offeredAt),
    };
  }

  #takeAnswer(offer: SentOffer, offeredAt: number): TakeAnswer {
    return async (response): Promise<"final"> => {
      const text = response?.header(sessionHeaders.answer);
      const now = epochSeconds(this.#clock);
      const session = text == null ? undefined : await takeSession(text, offer, this.#rules, now);
      this.#keeper.answered(offeredAt, session, response !== undefined);
      return "final";
    };
  }
}

const refusals: readonly unknown[] = ["unknown", "signature-required"] satisfies SessionRefusal[];

function refusalIn(response: ProofResponse): SessionRefusal | undefined {
  const text = response.header(sessionHeaders.answer);
  return refusals.includes(text) ? (text as SessionRefusal) : undefined;
}
