import { VerificationError } from "../errors.js";
import type { AcceptContent } from "../proof/proof-request.js";
import { ByteBuffer } from "./byte-buffer.js";
import { bytesOf, type ContentTally } from "./content-tally.js";
import type { ReceivedMessage } from "./received-message.js";

/**
 * Keeps the rest of the content out of the stream until all of it was accepted. Refused content is
 * dropped as it arrives; only its end gets through, which frameworks wait for before they answer.
 *
 * @throws {VerificationError} `body_too_large`, `body_aborted`, and what `accept` throws
 */
export async function holdBack(
  message: ReceivedMessage,
  tally: ContentTally,
  limit: number,
  accept: AcceptContent,
): Promise<void> {
  const forward = message.push.bind(message);
  let held: ByteBuffer | undefined = new ByteBuffer();
  let ended = false;

  const arrived = new Promise<void>((resolve, reject) => {
    const abort = () => reject(new VerificationError("body_aborted"));
    message.once("aborted", abort);
    message.once("close", abort);
    message.push = (data) => {
      if (data === null) {
        ended = true;
        if (held === undefined) forward(null);
        resolve();
      } else if (held !== undefined) {
        const bytes = bytesOf(data);
        tally.add(bytes);
        if (tally.length > limit) reject(new VerificationError("body_too_large"));
        else held.append(bytes);
      }
      return true;
    };
  });

  try {
    // Asks for more than there is: makes the source go on, and takes nothing out of the stream.
    message.read(message.readableLength + 1);
    await arrived;
    await accept(await tally.digest());
    forward(held.bytes());
  } finally {
    held = undefined;
    if (ended) forward(null);
  }
}
