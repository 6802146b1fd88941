/** A value now or later. Capabilities may answer synchronously; nothing then waits. */
export type Awaitable<T> = T | Promise<T>;

/** Goes on with a value: at once when it is there, which saves a turn of the microtask queue. */
export function andThen<T, U>(value: Awaitable<T>, use: (value: T) => Awaitable<U>): Awaitable<U> {
  return isThenable(value) ? value.then(use) : use(value);
}

/** Handles what work throws or rejects with; without it, the value is that of the work. */
export function recover<T, U>(
  work: () => Awaitable<T>,
  handle: (error: unknown) => Awaitable<U>,
): Awaitable<T | U> {
  try {
    const value = work();
    return isThenable(value) ? value.then(undefined, handle) : value;
  } catch (error) {
    return handle(error);
  }
}

/** Whether a value is still to come. */
export function isThenable<T>(value: Awaitable<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>> | undefined)?.then === "function";
}
