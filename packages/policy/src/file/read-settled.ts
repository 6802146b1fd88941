import { open } from "node:fs/promises";
import { type Clock, invalidOption } from "@firsthand/core";
import { maxDocumentBytes } from "../document/parse-yaml.js";

const settlingMilliseconds = 100;

/**
 * The text of a file that nobody is writing: the same twice, a moment apart. Half a policy may be a valid
 * one that lacks the rules which deny.
 *
 * @throws {ConfigurationError} when it cannot be read, is too long, or does not come to rest
 */
export async function readSettled(path: string, clock: Clock): Promise<string> {
  let before = await readText(path);
  for (let attempt = 0; attempt < 10; attempt++) {
    await clock.delay(settlingMilliseconds, new AbortController().signal);
    const now = await readText(path);
    if (now === before) return now;
    before = now;
  }
  throw unreadable("does not come to rest");
}

async function readText(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(path);
  } catch (cause) {
    throw unreadable(`cannot be read: ${(cause as Error).message}`, cause);
  }
  if (bytes.length > maxDocumentBytes) throw unreadable(`is longer than ${maxDocumentBytes} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw unreadable("is not UTF-8", cause);
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const buffer = new Uint8Array(maxDocumentBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length);
      if (bytesRead === 0) return buffer.subarray(0, length);
      length += bytesRead;
    }
  } finally {
    await file.close();
  }
}

function unreadable(problem: string, cause?: unknown): Error {
  return invalidOption("openPolicyFile", "path", problem, cause);
}
