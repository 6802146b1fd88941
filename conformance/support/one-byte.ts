import type { RequestData } from "@firsthand/testing";
import fc from "fast-check";

/** Somewhere in a text, by its share of the whole. */
export const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
export const byteValue = fc.integer({ min: 0, max: 255 });

/** The text with another character at a place, or undefined when it is the same one. */
export function withByte(text: string, at: number, byte: number): string | undefined {
  const index = Math.floor(at * text.length);
  const changed = text.slice(0, index) + String.fromCharCode(byte) + text.slice(index + 1);
  return changed === text ? undefined : changed;
}

/** A part of a request that a proof covers: how to read it and how to put another in its place. */
export type Part = readonly [
  name: string,
  read: (request: RequestData) => string,
  write: (request: RequestData, value: string) => RequestData,
];

/** What every proof covers beside header fields. */
export const messageParts: readonly Part[] = [
  ["method", ({ method }) => method, (request, method) => ({ ...request, method })],
  ["target", ({ target }) => target, (request, target) => ({ ...request, target })],
  [
    "content",
    ({ body = Buffer.alloc(0) }) => Buffer.from(body).toString("latin1"),
    (request, content) => ({ ...request, body: Buffer.from(content, "latin1") }),
  ],
];
