import type { Period, TimeWindow, WeeklyHours } from "./rule.js";

/** Whether a time, in milliseconds since the epoch, is in a window. */
export type TimeCheck = (time: number) => boolean;

/** Makes the check of a window that the schema accepted. */
export function timeCheck(window: TimeWindow): TimeCheck {
  return "days" in window ? weeklyCheck(window) : periodCheck(window);
}

function periodCheck({ from, until }: Period): TimeCheck {
  const start = from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from);
  const end = until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until);
  return (time) => start <= time && time < end;
}

function weeklyCheck(hours: WeeklyHours): TimeCheck {
  const { days, start = "00:00", end = "24:00", timeZone = "UTC" } = hours;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const isDay = new Set<string>(days);
  return (time) => {
    const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, value]));
    const clock = `${parts.get("hour")}:${parts.get("minute")}`;
    return isDay.has(`${parts.get("weekday")}`.toLowerCase()) && start <= clock && clock < end;
  };
}

/** Whether a text names a time zone that this runtime knows. */
export function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone });
    return true;
  } catch {
    return false;
  }
}
