import { type Clock, ConfigurationError } from "@firsthand/core";

/** A clock that stands still until it is told otherwise. */
export interface TestClock extends Clock {
  /** Jumps the wall clock to a time: a `Date`, or milliseconds since the epoch. */
  set(time: Date | number): void;
  /** Jumps the wall clock, as a time server does: monotonic time and delays do not notice. */
  stepWallClock(seconds: number): void;
  /**
   * Lets time pass, on the wall clock and monotonically, and resolves the delays that are then due.
   * A delay that is asked for afterwards starts at the new time.
   *
   * @param by milliseconds, or `{ seconds }`; not negative
   * @throws {ConfigurationError} `option_invalid` when it is negative
   */
  advance(by: number | { readonly seconds: number }): void;
  /** Milliseconds until each waiting delay is due, the soonest first. */
  pendingDelays(): readonly number[];
}

interface PendingDelay {
  readonly due: number;
  readonly resolve: () => void;
}

const defaultStart = Date.UTC(2027, 0, 15, 8);

/**
 * Makes a clock for tests.
 *
 * @param start a `Date`, or milliseconds since the epoch; by default 2027-01-15T08:00:00Z, which is
 * second 1800000000
 */
export function createTestClock(start: Date | number = defaultStart): TestClock {
  let wall = Number(start);
  let monotonic = 1000;
  let delays: readonly PendingDelay[] = [];

  function resolveDue(): void {
    const due = delays.filter((delay) => delay.due <= monotonic);
    delays = delays.filter((delay) => delay.due > monotonic);
    for (const delay of due) delay.resolve();
  }

  return {
    now: () => wall,
    monotonic: () => monotonic,
    delay: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const abort = () => {
          delays = delays.filter((delay) => delay !== pending);
          reject(signal.reason);
        };
        const pending: PendingDelay = {
          due: monotonic + milliseconds,
          resolve() {
            signal.removeEventListener("abort", abort);
            resolve();
          },
        };
        signal.addEventListener("abort", abort, { once: true });
        delays = [...delays, pending].sort((a, b) => a.due - b.due);
        resolveDue();
      }),
    set(time) {
      wall = Number(time);
    },
    stepWallClock(seconds) {
      wall += seconds * 1000;
    },
    advance(by) {
      const milliseconds = typeof by === "number" ? by : by.seconds * 1000;
      if (milliseconds < 0) {
        throw new ConfigurationError("option_invalid", "advance: time does not pass backwards");
      }
      wall += milliseconds;
      monotonic += milliseconds;
      resolveDue();
    },
    pendingDelays: () => delays.map((delay) => delay.due - monotonic),
  };
}
