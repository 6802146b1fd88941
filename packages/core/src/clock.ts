import { ConfigurationError } from "./errors.js";

/** The only source of time. Tests give a settable one. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  /** Milliseconds that never go backwards; only differences mean anything. */
  monotonic(): number;
  /** Resolves after `milliseconds`, or rejects when `signal` aborts. */
  delay(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  delay: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const abort = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", abort);
        resolve();
      }, milliseconds);
      signal.addEventListener("abort", abort, { once: true });
    }),
};

/**
 * Wall clock in whole seconds since the epoch, as NumericDate uses them. What is no number is no time:
 * compared with it, nothing would ever be over.
 *
 * @throws {ConfigurationError} `clock_unsound`
 */
export function epochSeconds(clock: Clock): number {
  const seconds = Math.floor(clock.now() / 1000);
  if (Number.isFinite(seconds)) return seconds;
  throw new ConfigurationError(
    "clock_unsound",
    "the clock gives no time; nothing is decided by it",
  );
}
