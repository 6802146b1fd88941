import {
  type Clock,
  type Credential,
  CredentialError,
  type TrustBundle,
  type TrustDomain,
  type WorkloadIdentity,
} from "@firsthand/core";
import { Subscribers } from "../subscribers.js";
import {
  type Assessment,
  assessIdentity,
  expiryTimes,
  type IdentitySnapshot,
  isUsable,
} from "./assess-identity.js";
import { backgroundClock } from "./background-clock.js";
import { publishState } from "./identity-channel.js";
import type { IdentityState } from "./identity-state.js";

/** At least so often the wall clock is looked at, which somebody may have set. */
const longestWaitMilliseconds = 60_000;

/**
 * Holds the newest snapshot of a source, and tells how it is. The source reports what happens to
 * it; what time does to credentials is seen here.
 */
export class IdentityHolder implements WorkloadIdentity {
  readonly #clock: Clock;
  readonly #subscribers = new Subscribers<IdentityState>("an identity");
  #snapshot: IdentitySnapshot | undefined;
  #trouble: CredentialError | undefined;
  #state: IdentityState;
  #timer = new AbortController();
  #isClosed = false;

  constructor(first: IdentitySnapshot, clock: Clock) {
    this.#clock = backgroundClock(clock);
    this.#snapshot = first;
    const now = clock.now();
    const times = { since: now, updatedAt: now };
    this.#state = Object.freeze({ ...assessIdentity(first, undefined, now), ...times });
    publishState(this.#state);
    void this.#watchTime(this.#timer.signal);
  }

  /** @throws {CredentialError} `source_expired`, `source_closed` */
  credentials(): readonly Credential[] {
    return this.#usable().credentials;
  }

  /** @throws {CredentialError} `source_expired`, `source_closed` */
  trustBundle(trustDomain: TrustDomain): TrustBundle | undefined {
    return this.#usable().bundles.get(trustDomain);
  }

  get state(): IdentityState {
    this.#refresh();
    return this.#state;
  }

  subscribe(listener: (state: IdentityState) => void): () => void {
    return this.#subscribers.add(listener);
  }

  /**
   * A complete state takes the place of the old one. The same snapshot again is no change.
   *
   * @param trouble what keeps a part of the source from saying what is current
   */
  update(snapshot: IdentitySnapshot, trouble?: CredentialError): void {
    if (!this.#isClosed) this.#replace(snapshot, trouble);
  }

  /** Nobody can say what is current; what was said last stays good until it expires. */
  degrade(reason: CredentialError): void {
    if (this.#isClosed) return;
    this.#trouble = reason;
    this.#refresh();
  }

  /** Everything was taken back. */
  withdraw(reason: CredentialError): void {
    if (!this.#isClosed) this.#replace(undefined, reason);
  }

  /** The last change: listeners hear of it, and of nothing after it. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#replace(undefined, new CredentialError("source_closed"));
    this.#timer.abort();
    this.#subscribers.clear();
  }

  #replace(snapshot: IdentitySnapshot | undefined, trouble: CredentialError | undefined): void {
    const isRepeated = snapshot === this.#snapshot;
    this.#snapshot = snapshot;
    this.#trouble = trouble;
    if (snapshot !== undefined) {
      this.#state = Object.freeze({ ...this.#state, updatedAt: this.#clock.now() });
    }
    if (isRepeated) {
      this.#refresh();
      return;
    }
    this.#timer.abort();
    this.#timer = new AbortController();
    void this.#watchTime(this.#timer.signal);
    this.#change(assessIdentity(snapshot, trouble, this.#clock.now()));
  }

  #usable(): IdentitySnapshot {
    const snapshot = this.#snapshot;
    if (snapshot !== undefined && isUsable(snapshot, this.#clock.now())) return snapshot;
    if (this.#isClosed) throw new CredentialError("source_closed");
    const { reason } = this.state;
    throw new CredentialError("source_expired", { cause: reason, detail: reason?.message ?? "" });
  }

  #refresh(): void {
    const { status, reason } = this.#state;
    const next = assessIdentity(this.#snapshot, this.#trouble, this.#clock.now());
    if (next.status === status && next.reason?.code === reason?.code) return;
    this.#change(next);
  }

  #change(next: Assessment): void {
    const { status, since, updatedAt } = this.#state;
    const begin = next.status === status ? since : this.#clock.now();
    this.#state = Object.freeze({ ...next, since: begin, updatedAt });
    publishState(this.#state);
    this.#subscribers.tell(this.#state);
  }

  /** Sees credentials run out, one after the other. */
  async #watchTime(signal: AbortSignal): Promise<void> {
    const ends = expiryTimes(this.#snapshot?.credentials ?? []);
    for (let end = nextAfter(this.#clock.now(), ends); end !== undefined; ) {
      const wait = Math.min(end - this.#clock.now(), longestWaitMilliseconds);
      try {
        await this.#clock.delay(wait, signal);
      } catch {
        return; // aborted: another snapshot is watched, or none
      }
      this.#refresh();
      end = nextAfter(this.#clock.now(), ends);
    }
  }
}

function nextAfter(now: number, ends: readonly number[]): number | undefined {
  return ends.find((end) => end > now);
}
