import type { ClientHttp2Session } from "node:http2";
import { type Clock, CredentialError } from "@firsthand/core";

const pauseMs = 20_000;
const answerWithinMs = 10_000;

/**
 * Pings the other end every 20 seconds until the signal aborts. When an answer takes more than 10
 * seconds, the connection is half open: the session and its streams end with `endpoint_stalled`.
 */
export async function watchPulse(
  session: ClientHttp2Session,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while ((await passes(clock.delay(pauseMs, signal))) && !session.destroyed) {
    const settled = new AbortController();
    const settle = () => settled.abort();
    signal.addEventListener("abort", settle, { once: true });
    session.ping(settle);
    const isSilent = await passes(clock.delay(answerWithinMs, settled.signal));
    signal.removeEventListener("abort", settle);
    if (isSilent) session.destroy(new CredentialError("endpoint_stalled"));
  }
}

/** Whether a delay came to its end, rather than being called off. */
function passes(delay: Promise<void>): Promise<boolean> {
  return delay.then(
    () => true,
    () => false,
  );
}
