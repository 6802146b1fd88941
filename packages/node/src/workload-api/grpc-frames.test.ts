import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFrameReader, writeFrame } from "./grpc-frames.js";

const limit = 1000;

/** Cuts bytes at these places, in order and within them. */
function cutAt(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const sorted = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [0, ...sorted].map((start, index) => bytes.subarray(start, sorted[index] ?? bytes.length));
}

describe("createFrameReader", () => {
  it("puts messages together, however they are cut", () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });
    fc.assert(
      fc.property(messages, fc.array(fc.nat()), (messages, places) => {
        const reader = createFrameReader(limit);
        const pieces = cutAt(Buffer.concat(messages.map(writeFrame)), places);
        const read = pieces.flatMap((piece) => reader.push(piece));
        expect(read.map((message) => [...message])).toEqual(messages.map((each) => [...each]));
        expect(reader.isBetweenMessages()).toBe(true);
      }),
    );
  });

  it("puts a message together from single bytes", () => {
    const reader = createFrameReader(limit);
    const bytes = [...writeFrame(Uint8Array.of(1, 2, 3))];
    const counts = bytes.map((byte) => reader.push(Uint8Array.of(byte)).length);
    expect(counts).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
  });

  it("gives each message memory of its own", () => {
    const piece = writeFrame(Uint8Array.of(1));
    const [message] = createFrameReader(limit).push(piece);
    piece.fill(0);
    expect(message).toEqual(Uint8Array.of(1));
  });

  it.each([1, 4, 5, 6])("knows that a message is cut off after %d bytes", (length) => {
    const reader = createFrameReader(limit);
    reader.push(writeFrame(Uint8Array.of(1, 2)).subarray(0, length));
    expect(reader.isBetweenMessages()).toBe(false);
  });

  it("accepts a message of the limit", () => {
    expect(createFrameReader(limit).push(writeFrame(new Uint8Array(limit)))).toHaveLength(1);
  });

  it.each([
    [limit + 1, Uint8Array.of(0, 0, 0, 0x03, 0xe9)],
    [4_294_967_295, Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff)],
  ])("refuses a message of %d bytes by its prefix alone", (length, prefix) => {
    expect(() => createFrameReader(limit).push(prefix)).toThrow(
      expect.objectContaining({
        code: "response_too_large",
        message: `the Workload API sent more than the limit: a message of ${length} bytes, the limit is 1000`,
      }),
    );
  });

  it.each([1, 2, 0x80, 0xff])("refuses the flag %d", (flag) => {
    expect(() => createFrameReader(limit).push(Uint8Array.of(flag, 0, 0, 0, 0))).toThrow(
      expect.objectContaining({
        code: "response_malformed",
        message: "the Workload API does not speak its protocol: a message is compressed",
      }),
    );
  });
});
