import { describe, expect, it } from "vitest";
import { createCredentialCache } from "./credential-cache.js";
import type { VerifiedCredential } from "./verified-credential.js";

const verdict = (at: number) => ({ algorithm: `${at}` }) as unknown as VerifiedCredential;

describe("the credential cache", () => {
  it("keeps a verdict until it is taken out", () => {
    const cache = createCredentialCache();
    expect(cache.get("a")).toBeUndefined();
    const first = verdict(1);
    cache.set("a", first);
    expect(cache.get("a")).toBe(first);
    const second = verdict(2);
    cache.set("a", second);
    expect(cache.get("a")).toBe(second);
    cache.delete("a");
    expect(cache.get("a")).toBeUndefined();
  });

  it("knows nothing of names that every object has", () => {
    expect(createCredentialCache().get("__proto__")).toBeUndefined();
  });

  it("drops the oldest of more than a thousand", () => {
    const cache = createCredentialCache();
    for (let at = 0; at < 1000; at++) cache.set(`${at}`, verdict(at));
    cache.set("7", verdict(7));
    expect(cache.get("0")).toBeDefined();
    cache.set("1000", verdict(1000));
    expect(cache.get("0")).toBeUndefined();
    expect(cache.get("1")).toBeDefined();
    expect(cache.get("1000")).toBeDefined();
  });

  it("takes no text for another, however alike they are", () => {
    const cache = createCredentialCache();
    const text = "a".repeat(2000);
    const first = verdict(1);
    cache.set(text, first);
    for (let at = 0; at < text.length; at++) {
      const other = `${text.slice(0, at)}b${text.slice(at + 1)}`;
      expect(cache.get(other)).toBeUndefined();
    }
    expect(cache.get(`${text}a`)).toBeUndefined();
    expect(cache.get(text)).toBe(first);
  });

  it("keeps the newer of two texts that it cannot keep apart", () => {
    const cache = createCredentialCache();
    const [text, alike] = ["ab", "aa"].map((start) => start.padEnd(2000, "a")) as [string, string];
    cache.set(text, verdict(1));
    const second = verdict(2);
    cache.set(alike, second);
    expect(cache.get(text)).toBeUndefined();
    expect(cache.get(alike)).toBe(second);
  });
});
