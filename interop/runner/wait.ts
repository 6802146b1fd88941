import { setTimeout as delay } from "node:timers/promises";

const pollMilliseconds = 100;

/** Waits for a promise, but no longer than this, and says what it waited for. */
export async function within<T>(
  milliseconds: number,
  what: string,
  promise: Promise<T>,
): Promise<T> {
  const timer = new AbortController();
  const deadline = delay(milliseconds, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${what} took longer than ${milliseconds / 1000} s`);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    deadline.catch(() => undefined);
    timer.abort();
  }
}

/** Asks again and again until there is an answer; a probe that throws has none yet. */
export async function waitFor<T>(
  what: string,
  milliseconds: number,
  probe: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + milliseconds;
  for (;;) {
    let cause: unknown;
    try {
      const answer = await probe();
      if (answer !== undefined) return answer;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > end) {
      throw new Error(`waited ${milliseconds / 1000} s in vain: ${what}`, { cause });
    }
    await delay(pollMilliseconds);
  }
}

/** Like {@link waitFor}, for something that becomes true. */
export async function waitUntil(
  what: string,
  milliseconds: number,
  probe: () => boolean | Promise<boolean>,
): Promise<void> {
  await waitFor(what, milliseconds, async () => ((await probe()) ? true : undefined));
}
