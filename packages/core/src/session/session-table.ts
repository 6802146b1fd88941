import type { Clock } from "../clock.js";
import { type SequenceOutcome, SequenceWindows } from "./sequence-windows.js";
import type { Session } from "./session.js";

export interface SessionTableLimits {
  readonly capacity: number;
  readonly capacityPerCaller: number;
}

/**
 * Sessions by what proofs call them, bounded in all and for each caller. When it is full, the oldest
 * goes: whose session is gone signs again. A caller that used up its share gets no new one, so that
 * making sessions costs it more than it costs us.
 */
export class SessionTable {
  readonly #limits: SessionTableLimits;
  readonly #clock: Clock;
  readonly #sessions = new Map<string, HeldSession>();
  readonly #perCaller = new Map<string, number>();
  readonly #windows = new SequenceWindows();
  // By age in a list of their own: a map finds its first entry past all that were deleted before.
  #oldest: HeldSession | undefined;
  #youngest: HeldSession | undefined;

  constructor(limits: SessionTableLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get size(): number {
    return this.#sessions.size;
  }

  find(locator: string): Session | undefined {
    return this.#sessions.get(locator);
  }

  /** False when the caller has used up its share. One that is here already stays as it is. */
  add(locator: string, session: Session): boolean {
    this.#dropEnded();
    if (this.#sessions.has(locator)) return true;
    const caller = session.opener.id.toString();
    const used = this.#perCaller.get(caller) ?? 0;
    if (used >= this.#limits.capacityPerCaller) return false;
    if (this.#sessions.size >= this.#limits.capacity) this.#drop(this.#oldest as HeldSession);
    this.#perCaller.set(caller, (this.#perCaller.get(caller) ?? 0) + 1);
    const { id, key, opener, bundle, origin, endsAt } = session; // a spread would take 40 bytes more
    const window = this.#windows.take();
    this.#append({ id, key, opener, bundle, origin, endsAt, locator, window, younger: undefined });
    return true;
  }

  /** Marks a number as used; `gone` when the session is no longer here. */
  mark(locator: string, sequence: number): SequenceOutcome | "gone" {
    const session = this.#sessions.get(locator);
    return session === undefined ? "gone" : this.#windows.mark(session.window, sequence);
  }

  #append(session: HeldSession): void {
    if (this.#youngest === undefined) this.#oldest = session;
    else this.#youngest.younger = session;
    this.#youngest = session;
    this.#sessions.set(session.locator, session);
  }

  /** All sessions last equally long, so that the oldest end first. */
  #dropEnded(): void {
    const now = this.#clock.monotonic();
    while (this.#oldest !== undefined && now >= this.#oldest.endsAt) this.#drop(this.#oldest);
  }

  #drop(oldest: HeldSession): void {
    const { locator, opener, window, younger } = oldest;
    this.#oldest = younger;
    if (younger === undefined) this.#youngest = undefined;
    this.#sessions.delete(locator);
    this.#windows.release(window);
    const caller = opener.id.toString();
    const left = (this.#perCaller.get(caller) as number) - 1;
    if (left === 0) this.#perCaller.delete(caller);
    else this.#perCaller.set(caller, left);
  }
}

interface HeldSession extends Session {
  readonly locator: string;
  readonly window: number;
  younger: HeldSession | undefined;
}
