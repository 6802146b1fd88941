import { type Clock, CredentialError } from "@firsthand/core";
import { retryClassOf } from "../../workload-api/workload-api-client.js";
import { createBackoff } from "./backoff.js";

/** A stream of the Workload API, each message of which is a whole state. */
export interface WatchedStream<Message> {
  open(signal: AbortSignal): AsyncIterable<Message>;
  /** Takes in a message. What it throws is wrong with the message, not with the stream. */
  receive(message: Message): Promise<void>;
  /** Hears what went wrong with a message, or that the stream ended. */
  fail(error: CredentialError): void;
}

/** What it takes to watch. */
export interface WatchMeans {
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/** A stream that ended sooner is not opened again at once. */
const lastingMilliseconds = 1000;

/**
 * Reads a stream for ever: opens it anew when it ends, at once where it had been good for a while, and
 * else with backoff. Messages are taken in one after the other, so that none overtakes another.
 * Resolves when it was ended, or when the Workload API said not to try again.
 */
export async function watchStream<Message>(
  stream: WatchedStream<Message>,
  means: WatchMeans,
): Promise<void> {
  const { clock, random, signal } = means;
  const backoff = createBackoff(random);
  while (true) {
    const openedAt = clock.monotonic();
    const { error, isGood } = await readUntilEnd(stream, signal);
    if (signal.aborted) return;
    stream.fail(error);
    if (retryClassOf(error) === "stop") return;
    if (isGood) backoff.reset();
    const hasLasted = isGood && clock.monotonic() - openedAt >= lastingMilliseconds;
    if (!hasLasted) await clock.delay(backoff.next(), signal).catch(() => undefined);
  }
}

/** Takes in the messages of one stream, and tells how it ended and whether one was good. */
async function readUntilEnd<Message>(stream: WatchedStream<Message>, signal: AbortSignal) {
  let isGood = false;
  const accept = () => {
    isGood = true;
  };
  try {
    for await (const message of stream.open(signal)) {
      await stream.receive(message).then(accept, (error) => stream.fail(error));
    }
    throw new CredentialError("endpoint_unavailable");
  } catch (error) {
    return { error: error as CredentialError, isGood };
  }
}
