/** How long decisions are kept. */
export interface DecisionCacheOptions {
  readonly ttlMilliseconds: number;
  /** Beyond this many, the one that was used the longest ago goes. Default 1000. */
  readonly maxEntries?: number | undefined;
}

/** The decisions of the last moments, never more than a number of them. */
export class DecisionCache<T> {
  readonly #maxEntries: number;
  readonly #entries = new Map<string, { readonly value: T; readonly until: number }>();

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get(key: string, now: number): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.until <= now) return undefined;
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: T, until: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, until });
    if (this.#entries.size <= this.#maxEntries) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest as string);
  }
}
