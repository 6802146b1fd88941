/** A value now or later. Capabilities may answer synchronously; nothing then waits. */
export type Awaitable<T> = T | Promise<T>;
