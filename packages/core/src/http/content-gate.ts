import { ConfigurationError, VerificationError } from "../errors.js";
import type { AcceptContent, RequestContent } from "../proof/proof-request.js";
import { ContentTally } from "./content-tally.js";
import { holdBack } from "./hold-back.js";
import { letThrough } from "./let-through.js";
import type { ReceivedMessage } from "./received-message.js";

/** Content that was accepted: by the time of a second verification, a parser may have read it. */
const accepted = new WeakMap<ReceivedMessage, ContentTally>();

/**
 * The content of a message. It is looked at on its way into the message and never read out of it,
 * so that whatever reads the message later finds a stream that nobody touched.
 */
export class ContentGate implements RequestContent {
  readonly #message: ReceivedMessage;

  constructor(message: ReceivedMessage) {
    this.#message = message;
  }

  async buffered(limit: number, accept: AcceptContent): Promise<void> {
    const message = this.#message;
    const tally = accepted.get(message) ?? tallyUnread(message);
    tally.checkLength(limit);
    if (isComplete(message)) await accept(await tally.digest());
    else await holdBack(message, tally, limit, accept);
    accepted.set(message, tally);
  }

  async streaming(accept: AcceptContent): Promise<void> {
    const message = this.#message;
    const tally = accepted.get(message) ?? tallyUnread(message);
    const acceptOnce = async (digest: string) => {
      await accept(digest);
      accepted.set(message, tally);
    };
    if (isComplete(message)) await acceptOnce(await tally.digest());
    else letThrough(message, tally, acceptOnce);
  }
}

/** Whether all content is in the buffer of the stream or was accepted before. */
function isComplete(message: ReceivedMessage): boolean {
  if (accepted.has(message)) return true;
  return message.stream === undefined ? message.complete : message.stream.readableEnded;
}

/**
 * Starts with what waits in the buffer of the stream. That is all that arrived so far, as long as
 * nobody took from it.
 */
function tallyUnread(message: ReceivedMessage): ContentTally {
  if (message.aborted || message.stream?.closed) {
    throw new VerificationError("body_aborted");
  }
  if (hasReader(message)) throw bodyConsumed();
  const tally = new ContentTally();
  for (const chunk of message.readableBuffer ?? []) tally.add(chunk);
  if (tally.length !== message.readableLength) throw bodyConsumed();
  return tally;
}

function hasReader(message: ReceivedMessage): boolean {
  return (
    message.readableDidRead ||
    message.readableEnded ||
    message.readableFlowing === true ||
    message.readableEncoding !== null ||
    message.listenerCount("data") + message.listenerCount("readable") > 0
  );
}

function bodyConsumed(): ConfigurationError {
  return new ConfigurationError(
    "body_consumed",
    "the content of the request was read before it was verified; register workloadAuth before any body parser",
  );
}
