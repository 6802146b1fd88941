import { type Clock, systemClock } from "@firsthand/core";

let ahead = 0;

/** The clock of the machine, until it is set forward. */
export const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead };

export function setForward(milliseconds: number): void {
  ahead += milliseconds;
}
