import type { Clock, CredentialError, JwtSvid, TrustBundle, TrustSource } from "@firsthand/core";
import { type JwtSvidQuestion, validateOwnJwtSvid } from "./own-jwt-svid.js";

/** A JWT-SVID of ours: a bearer token, to be kept secret, and what it says. */
export interface OwnJwtSvid {
  readonly token: string;
  readonly svid: JwtSvid;
}

interface Entry extends OwnJwtSvid {
  /** What vouched for it when it was last validated. */
  readonly bundle: TrustBundle | undefined;
  /** Milliseconds since the epoch. */
  readonly refreshAt: number;
}

const capacity = 1000;
/** A token that ends sooner might not arrive in time. */
const marginMilliseconds = 10_000;

/**
 * Keeps JWT-SVIDs while they are good. From half of its life on, one is fetched anew when it is used,
 * and meanwhile the old one serves; of several who wait for one, only the first fetches it.
 */
export class JwtSvidCache {
  readonly #fetch: (question: JwtSvidQuestion) => Promise<string>;
  readonly #identity: TrustSource;
  readonly #clock: Clock;
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #flights = new Map<string, Promise<OwnJwtSvid>>();

  constructor(
    fetch: (question: JwtSvidQuestion) => Promise<string>,
    identity: TrustSource,
    clock: Clock,
  ) {
    this.#fetch = fetch;
    this.#identity = identity;
    this.#clock = clock;
  }

  async get(question: JwtSvidQuestion): Promise<OwnJwtSvid> {
    const key = keyOf(question);
    const held = await this.#held(key, question);
    if (held === undefined) return this.#renew(key, question);
    if (held.refreshAt <= this.#clock.now()) {
      this.#renew(key, question).catch((error) => this.#postpone(key, error));
    }
    return { token: held.token, svid: held.svid };
  }

  /** Forgets all; what is being fetched will not be kept. */
  clear(): void {
    this.#entries.clear();
    this.#flights.clear();
  }

  /** What is kept, if it is good still; authorities may have changed meanwhile. */
  async #held(key: string, question: JwtSvidQuestion): Promise<Entry | undefined> {
    const bundle = this.#identity.trustBundle(question.id.trustDomain);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const endsAt = entry.svid.expiresAt * 1000 - marginMilliseconds;
    const isGood =
      this.#clock.now() < endsAt &&
      (bundle === entry.bundle || (await this.#isVouchedFor(entry, question, bundle)));
    if (this.#entries.get(key) !== entry) return undefined;
    this.#entries.delete(key);
    return isGood ? this.#keep(key, { ...entry, bundle }) : undefined;
  }

  #isVouchedFor(
    { token }: Entry,
    question: JwtSvidQuestion,
    bundle: TrustBundle | undefined,
  ): Promise<boolean> {
    return validateOwnJwtSvid(token, question, bundle, this.#clock).then(
      () => true,
      () => false,
    );
  }

  #renew(key: string, question: JwtSvidQuestion): Promise<OwnJwtSvid> {
    const running = this.#flights.get(key);
    if (running !== undefined) return running;
    const isCurrent = () => this.#flights.get(key) === flight;
    const flight = this.#fetchNew(question)
      .then((entry) => {
        if (isCurrent()) this.#keep(key, entry);
        return { token: entry.token, svid: entry.svid };
      })
      .finally(() => {
        if (isCurrent()) this.#flights.delete(key);
      });
    this.#flights.set(key, flight);
    return flight;
  }

  async #fetchNew(question: JwtSvidQuestion): Promise<Entry> {
    const token = await this.#fetch(question);
    const bundle = this.#identity.trustBundle(question.id.trustDomain);
    const svid = await validateOwnJwtSvid(token, question, bundle, this.#clock);
    return { token, svid, bundle, refreshAt: this.#halfway(svid) };
  }

  /** Where a new one cannot be had the old one serves on, unless we are told that it is not ours. */
  #postpone(key: string, { code }: CredentialError): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    if (code === "workload_unregistered") this.#entries.delete(key);
    else this.#entries.set(key, { ...entry, refreshAt: this.#halfway(entry.svid) });
  }

  #keep(key: string, entry: Entry): Entry {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > capacity && oldest !== undefined) this.#entries.delete(oldest);
    return entry;
  }

  /** In the middle of the life that is left. */
  #halfway({ expiresAt }: JwtSvid): number {
    return (this.#clock.now() + expiresAt * 1000) / 2;
  }
}

function keyOf({ id, audience }: JwtSvidQuestion): string {
  return JSON.stringify([id, ...[...new Set(audience)].sort()]);
}
