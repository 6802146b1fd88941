import { setTimeout as after } from "node:timers/promises";
import { type Clock, systemClock } from "@firsthand/core";

/**
 * The same clock, for work that goes on behind the application: waiting by it does not keep the
 * process alive. A clock of a test is taken as it is.
 */
export function backgroundClock(clock: Clock): Clock {
  if (clock !== systemClock) return clock;
  return {
    ...systemClock,
    delay: (milliseconds, signal) => after(milliseconds, undefined, { ref: false, signal }),
  };
}
