import { say } from "./say.js";
import { within } from "./wait.js";

const checkMilliseconds = 120_000;

/** Thrown by a check that cannot be made here; the message says why. */
export class Skip extends Error {}

/** Runs checks one after the other, and counts and prints what came of them. */
export class Report {
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  get failed(): number {
    return this.#failed;
  }

  /** One check. What it throws is its failure, and the next one runs. */
  async check(name: string, body: () => Promise<void>): Promise<void> {
    const began = performance.now();
    try {
      await within(checkMilliseconds, "the check", body());
      this.#passed += 1;
      print("ok", name, `${((performance.now() - began) / 1000).toFixed(1)} s`);
    } catch (error) {
      if (error instanceof Skip) this.skip(name, error.message);
      else this.#fail(name, error);
    }
  }

  /** Checks that need the same things around them. When these cannot be had, that is the failure. */
  async group(title: string, body: () => Promise<void>): Promise<void> {
    say(`\n${title}`);
    try {
      await body();
    } catch (error) {
      if (error instanceof Skip) this.skip(title, error.message);
      else this.#fail(title, error);
    }
  }

  skip(name: string, reason: string): void {
    this.#skipped += 1;
    print("skip", name, reason);
  }

  summary(): string {
    return `interop: passed ${this.#passed}, failed ${this.#failed}, skipped ${this.#skipped}`;
  }

  #fail(name: string, error: unknown): void {
    this.#failed += 1;
    print("FAIL", name, describe(error));
  }
}

function print(outcome: string, name: string, detail: string): void {
  say(`  ${outcome.padEnd(4)} ${name} (${detail})`);
}

/** An error and what caused it, on one line. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const message = error.message.replaceAll(/\s*\n\s*/g, " | ");
  return error.cause === undefined ? message : `${message}; because: ${describe(error.cause)}`;
}
