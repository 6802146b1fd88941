import { type Clock, type CredentialError, withoutCallContext } from "@firsthand/core";
import { backgroundClock } from "../identity/background-clock.js";
import { EndpointHolder } from "./endpoint-holder.js";

/** Fetches what an endpoint serves. */
export interface EndpointFetcher<T> {
  /** How long to wait before the next fetch, whether or not the last one went well. */
  readonly intervalMilliseconds: number;
  /**
   * @param clock times the fetch
   * @throws {CredentialError} naming the endpoint; or the reason of `signal`
   */
  fetch(clock: Clock, signal: AbortSignal): Promise<T>;
}

interface Fetching<T> {
  readonly fetcher: EndpointFetcher<T>;
  /** In use until the endpoint answers. */
  readonly initial: T | undefined;
  readonly maxStaleSeconds: number;
  readonly clock: Clock;
  readonly subject: string;
}

/** What is kept up to date until it is closed. */
interface Kept<T> {
  readonly holder: EndpointHolder<T>;
  close(): Promise<void>;
}

/**
 * Fetches now, and then again and again behind the application, on the account of no request. It keeps
 * no process alive.
 *
 * @throws {CredentialError} when the first fetch fails and nothing is there to begin with
 */
export function keepFetching<T>(fetching: Fetching<T>): Promise<Kept<T>> {
  return withoutCallContext(() => startFetching(fetching));
}

async function startFetching<T>(fetching: Fetching<T>): Promise<Kept<T>> {
  const clock = backgroundClock(fetching.clock);
  const closing = new AbortController();
  const holder = await firstOf(fetching, clock, closing.signal);
  const polling = poll(fetching.fetcher, holder, clock, closing.signal);

  async function close(): Promise<void> {
    closing.abort();
    await polling;
    holder.close();
  }

  return { holder, close };
}

async function firstOf<T>(
  { fetcher, initial, maxStaleSeconds, clock: foreground, subject }: Fetching<T>,
  clock: Clock,
  signal: AbortSignal,
): Promise<EndpointHolder<T>> {
  const hold = (value: T) => new EndpointHolder(value, clock, maxStaleSeconds, subject);
  try {
    return hold(await fetcher.fetch(foreground, signal));
  } catch (error) {
    if (initial === undefined) throw error;
    const holder = hold(initial);
    holder.degrade(error as CredentialError);
    return holder;
  }
}

async function poll<T>(
  fetcher: EndpointFetcher<T>,
  holder: EndpointHolder<T>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.delay(fetcher.intervalMilliseconds, signal);
      holder.confirm(await fetcher.fetch(clock, signal));
    } catch (error) {
      if (!signal.aborted) holder.degrade(error as CredentialError);
    }
  }
}
