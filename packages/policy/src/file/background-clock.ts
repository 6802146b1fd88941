import { setTimeout as after } from "node:timers/promises";
import { type Clock, systemClock } from "@firsthand/core";

/** The clock for what goes on behind the application: waiting by that of the machine ends with it. */
export function backgroundClock(clock: Clock): Clock {
  if (clock !== systemClock) return clock;
  const delay: Clock["delay"] = (milliseconds, signal) =>
    after(milliseconds, undefined, { ref: false, signal });
  return { ...systemClock, delay };
}
