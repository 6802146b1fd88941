import { CredentialError } from "@firsthand/core";
import { malformed } from "./malformed.js";

const prefixBytes = 5;

/** A message with its prefix, uncompressed (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export function writeFrame(message: Uint8Array): Uint8Array {
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Puts the messages of one stream together. */
export interface FrameReader {
  /** The messages that this piece completes, each in memory of its own. */
  push(piece: Uint8Array): readonly Uint8Array[];
  /** Whether the stream may end here. */
  isBetweenMessages(): boolean;
}

/**
 * Makes a reader of length-prefixed messages, however they are cut into pieces.
 *
 * It throws {@link CredentialError} `response_malformed` for a compressed message, and
 * `response_too_large` for a declared length above the limit, before memory is taken for it.
 */
export function createFrameReader(limitBytes: number): FrameReader {
  let target = new Uint8Array(prefixBytes);
  let filled = 0;
  let isPrefix = true;

  return {
    push(piece) {
      const messages: Uint8Array[] = [];
      let rest = piece;
      for (;;) {
        const part = rest.subarray(0, target.length - filled);
        target.set(part, filled);
        filled += part.length;
        rest = rest.subarray(part.length);
        if (filled < target.length) return messages;
        if (!isPrefix) messages.push(target);
        target = new Uint8Array(isPrefix ? messageLength(target, limitBytes) : prefixBytes);
        isPrefix = !isPrefix;
        filled = 0;
      }
    },
    isBetweenMessages: () => isPrefix && filled === 0,
  };
}

function messageLength(prefix: Uint8Array, limitBytes: number): number {
  const view = new DataView(prefix.buffer);
  const length = view.getUint32(1);
  if (view.getUint8(0) !== 0) throw malformed("a message is compressed");
  if (length <= limitBytes) return length;
  throw new CredentialError("response_too_large", {
    detail: `a message of ${length} bytes, the limit is ${limitBytes}`,
  });
}
