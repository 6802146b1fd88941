import { describe, expect, it } from "vitest";
import { createFingerprint, fingerprintWords } from "./fingerprint.js";

const key = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

function printer() {
  const fingerprint = createFingerprint();
  return (text: string) => {
    const words = new Uint32Array(fingerprintWords);
    fingerprint(text, words);
    return words.join();
  };
}

describe("a fingerprint", () => {
  it("is the same for the same text", () => {
    const print = printer();
    expect(print(key)).toBe(print(`${key}`));
  });

  it("changes with every character, wherever it stands", () => {
    const print = printer();
    const others = Array.from(key, (char, at) => {
      const other = String.fromCharCode(char.charCodeAt(0) ^ 1);
      return key.slice(0, at) + other + key.slice(at + 1);
    });
    const swapped = key.slice(0, 1) + key.slice(2, 3) + key.slice(1, 2) + key.slice(3);
    const prints = [key, ...others, swapped, key.slice(1), key.slice(0, -1), `${key}\0`].map(print);
    expect(new Set(prints).size).toBe(prints.length);
  });

  it("follows secrets of its own", () => {
    expect(printer()(key)).not.toBe(printer()(key));
  });

  it("is of at most 64 characters", () => {
    expect(() => printer()("a".repeat(64))).not.toThrow();
    expect(() => printer()("a".repeat(65))).toThrow(RangeError);
  });
});
