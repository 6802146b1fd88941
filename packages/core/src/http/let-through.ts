import { VerificationError } from "../errors.js";
import type { AcceptContent } from "../proof/proof-request.js";
import { bytesOf, type ContentTally } from "./content-tally.js";
import type { ReceivedMessage } from "./received-message.js";

const http2Cancel = 8; // RFC 9113 §7

/**
 * Lets content into the stream as it arrives, and its end only when all of it was accepted.
 * Otherwise the stream fails, and the exchange is cut off: the application may have answered.
 */
export function letThrough(
  message: ReceivedMessage,
  tally: ContentTally,
  accept: AcceptContent,
): void {
  const forward = message.push.bind(message);
  let ended = false;

  async function finish(): Promise<void> {
    if (message._dumped) return; // nobody reads it, and not all of it came by
    try {
      await accept(await tally.digest());
    } catch (error) {
      cutOff(message, error as Error);
      return;
    }
    forward(null);
  }

  message.push = (data) => {
    if (data !== null) {
      const bytes = bytesOf(data);
      tally.add(bytes);
      return forward(bytes);
    }
    // The compatibility layer of HTTP/2 ends a message also, and again, when its stream is closed.
    if (ended) return false;
    ended = true;
    if (message.stream?.closed) cutOff(message, new VerificationError("body_aborted"));
    else void finish();
    return false;
  };
}

function cutOff(message: ReceivedMessage, error: Error): void {
  message.on("error", () => undefined); // without a listener it would end the process
  message.destroy(error);
  message.stream?.close(http2Cancel);
}
