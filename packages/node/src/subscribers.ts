/** Who wants to hear of changes. One that throws disturbs nobody else. */
export class Subscribers<State> {
  readonly #listeners = new Set<(state: State) => unknown>();
  readonly #subject: string;

  /** @param subject what changes, for the warning about a listener that throws: `an identity` */
  constructor(subject: string) {
    this.#subject = subject;
  }

  /** @returns ends the subscription */
  add(listener: (state: State) => void): () => void {
    const entry = (state: State): unknown => listener(state);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  tell(state: State): void {
    for (const listener of this.#listeners) void this.#call(listener, state);
  }

  clear(): void {
    this.#listeners.clear();
  }

  /** The call itself is synchronous; an asynchronous listener may also fail later. */
  async #call(listener: (state: State) => unknown, state: State): Promise<void> {
    try {
      await listener(state);
    } catch (error) {
      const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
      process.emitWarning(`a listener of ${this.#subject} threw: ${message}`, { detail: stack });
    }
  }
}
