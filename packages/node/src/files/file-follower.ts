import { type Clock, CredentialError } from "@firsthand/core";
import type { IdentitySnapshot } from "../identity/assess-identity.js";
import { backgroundClock } from "../identity/background-clock.js";
import type { IdentityHolder } from "../identity/identity-holder.js";
import { DirectoryWatch } from "./directory-watch.js";

const firstRetryMilliseconds = 100;
const longestRetryMilliseconds = 1000;
/** So long a state may be half-written before it counts as broken. */
const graceMilliseconds = 5000;

const finalReasons: ReadonlySet<string | undefined> = new Set([
  "EACCES",
  "EPERM",
  "ELOOP",
  "ENOTDIR",
  "ENAMETOOLONG",
]);

/** What a follower needs. */
export interface FollowerParts {
  readonly paths: Iterable<string>;
  readonly readSnapshot: () => Promise<IdentitySnapshot>;
  readonly pollMilliseconds: number;
  readonly clock: Clock;
}

/** Bad states without a good one in between. */
interface Trouble {
  readonly since: number;
  readonly failures: number;
  readonly isLasting: boolean;
}

/** Looks at files again whenever they may have changed. */
export class FileFollower {
  readonly #parts: FollowerParts;
  readonly #watch: DirectoryWatch;
  #interruption = new AbortController();
  #isClosed = false;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
    this.#watch = new DirectoryWatch(parts.paths, () => this.#interruption.abort());
  }

  /**
   * Waits for the first good state.
   *
   * @throws {CredentialError} what is wrong with the files, at once where waiting does not mend it
   */
  async first(timeoutMilliseconds: number): Promise<IdentitySnapshot> {
    const { clock } = this.#parts;
    const end = clock.monotonic() + timeoutMilliseconds;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#look();
      if (!(outcome instanceof CredentialError)) return outcome;
      const left = end - clock.monotonic();
      if (left <= 0 || isFinal(outcome)) {
        this.close();
        throw outcome;
      }
      await this.#pause(Math.min(this.#retryAfter(attempt), left), clock);
    }
  }

  /**
   * Keeps a holder up to date until this is closed. A state that does not hold together is not used: the
   * last good one stays in use, and counts as stale when that lasts.
   */
  async follow(holder: IdentityHolder, first: IdentitySnapshot): Promise<void> {
    const clock = backgroundClock(this.#parts.clock);
    let held = first;
    let trouble: Trouble | undefined;
    for (;;) {
      await this.#pause(this.#retryAfter(trouble?.failures ?? 0), clock);
      if (this.#isClosed) return;
      const outcome = await this.#look();
      if (outcome instanceof CredentialError) {
        trouble = worsened(trouble, clock.monotonic());
        if (trouble.isLasting) holder.degrade(outcome);
      } else {
        if (outcome !== held || trouble?.isLasting) holder.update(outcome);
        held = outcome;
        trouble = undefined;
      }
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#watch.close();
    this.#interruption.abort();
  }

  /** Watches before it reads: what changes from here on is an event. */
  async #look(): Promise<IdentitySnapshot | CredentialError> {
    this.#interruption = new AbortController();
    await this.#watch.renew();
    try {
      return await this.#parts.readSnapshot();
    } catch (error) {
      if (error instanceof CredentialError) return error;
      throw error;
    }
  }

  async #pause(milliseconds: number, clock: Clock): Promise<void> {
    await clock.delay(milliseconds, this.#interruption.signal).catch(() => undefined);
  }

  #retryAfter(failures: number): number {
    const { pollMilliseconds } = this.#parts;
    if (failures === 0) return pollMilliseconds;
    const doubled = firstRetryMilliseconds * 2 ** (failures - 1);
    return Math.min(doubled, longestRetryMilliseconds, pollMilliseconds);
  }
}

function worsened(trouble: Trouble | undefined, now: number): Trouble {
  const { since, failures } = trouble ?? { since: now, failures: 0 };
  return { since, failures: failures + 1, isLasting: now - since >= graceMilliseconds };
}

/** Whether the error is none of files that somebody is just about to write. */
function isFinal({ code, cause }: CredentialError): boolean {
  if (code === "identity_unexpected" || code === "trust_domain_unexpected") return true;
  return code === "file_unreadable" && finalReasons.has((cause as NodeJS.ErrnoException).code);
}
