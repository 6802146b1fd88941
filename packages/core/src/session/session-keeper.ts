import type { Clock } from "../clock.js";
import { maxSequence, windowWidth } from "./protocol.js";
import type { TakenSession } from "./take-session.js";

/** How long an offer that brought nothing stands before another one is made. */
const offerMilliseconds = 60_000;
/** Under way on a session at most, so that no number falls behind the verifier's window. */
const maxSpread = windowWidth / 2;
/** A new session is opened when this part of the life of the old one is left. */
const renewalPart = 0.2;
/** Sessions that the verifier forgot before they served this often, one after the other … */
const worthwhileUses = 8;
const shortLivedSessions = 3;
/** … make us keep to signatures for as long as this. */
const pauseMilliseconds = 600_000;

/** One number of a session, for one request. */
export interface SessionUse {
  readonly session: TakenSession;
  readonly sequence: number;
}

/** What a prover keeps of its sessions with one peer under one credential. */
export class SessionKeeper {
  readonly #clock: Clock;
  readonly #lastSequence: number;
  #current: HeldSession | undefined;
  #offeredAt: number | undefined;
  #pausedUntil = 0;
  #shortLived = 0;

  constructor(clock: Clock, lastSequence = maxSequence) {
    this.#clock = clock;
    this.#lastSequence = lastSequence;
  }

  /** The next number of the session, unless there is none, or it is time for the next session. */
  use(): SessionUse | undefined {
    const held = this.#current;
    if (held === undefined) return undefined;
    const now = this.#clock.monotonic();
    if (now >= held.endsAt || held.next > this.#lastSequence) return undefined;
    if (now >= held.renewAt && this.mayOffer()) return undefined;
    const [oldest = held.next] = held.underWay;
    if (held.next - oldest >= maxSpread) return undefined;
    const sequence = held.next++;
    held.underWay.add(sequence);
    return { session: held.session, sequence };
  }

  get isPaused(): boolean {
    return this.#clock.monotonic() < this.#pausedUntil;
  }

  /** Whether a signed proof may offer a session: one at a time, and not while we keep to signatures. */
  mayOffer(): boolean {
    const now = this.#clock.monotonic();
    if (now < this.#pausedUntil) return false;
    return this.#offeredAt === undefined || now >= this.#offeredAt + offerMilliseconds;
  }

  offered(): number {
    this.#offeredAt = this.#clock.monotonic();
    return this.#offeredAt;
  }

  /**
   * The end of the offer of that time. A response without a session means none for a while; when no
   * response came, the next request may offer again.
   */
  answered(offeredAt: number, session: TakenSession | undefined, hasResponse: boolean): void {
    const isLast = this.#offeredAt === offeredAt;
    if (isLast && (session !== undefined || !hasResponse)) this.#offeredAt = undefined;
    if (session === undefined) return;
    const milliseconds = session.lifetimeSeconds * 1000;
    this.#current = {
      session,
      next: 0,
      underWay: new Set(),
      endsAt: offeredAt + milliseconds,
      renewAt: offeredAt + milliseconds * (1 - renewalPart),
    };
  }

  /** A request of the session was answered, or never will be. */
  finished({ session, sequence }: SessionUse): void {
    if (this.#current?.session === session) this.#current.underWay.delete(sequence);
  }

  /** The verifier does not know the session any more. */
  forgotten({ session }: SessionUse): void {
    const held = this.#current;
    if (held?.session !== session) return;
    this.#current = undefined;
    this.#shortLived = held.next <= worthwhileUses ? this.#shortLived + 1 : 0;
    if (this.#shortLived < shortLivedSessions) return;
    this.#shortLived = 0;
    this.#pausedUntil = this.#clock.monotonic() + pauseMilliseconds;
  }
}

interface HeldSession {
  readonly session: TakenSession;
  next: number;
  /** In the order in which they were given out. */
  readonly underWay: Set<number>;
  /** Milliseconds of the monotonic clock. */
  readonly endsAt: number;
  readonly renewAt: number;
}
