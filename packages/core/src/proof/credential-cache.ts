import type { VerifiedCredential } from "./verified-credential.js";

const maxEntries = 1000;
const samples = 64;

/**
 * Keeps verdicts on credentials by their exact text. A verdict counts only with the bundle that it
 * rests on: a changed bundle is another object, so nothing outlives a removed authority. A verdict
 * is kept only when its key was proved as well, so nobody without one can push others out.
 */
export interface CredentialCache {
  get(text: string): VerifiedCredential | undefined;
  set(text: string, credential: VerifiedCredential): void;
  delete(text: string): void;
}

interface Entry {
  readonly text: string;
  readonly credential: VerifiedCredential;
}

export function createCredentialCache(): CredentialCache {
  const entries = new Map<number, Entry>();
  return {
    get(text) {
      const entry = entries.get(sampleOf(text));
      return entry?.text === text ? entry.credential : undefined;
    },
    set(text, credential) {
      const sample = sampleOf(text);
      if (entries.get(sample)?.credential === credential) return; // each text has a verdict of its own
      if (!entries.has(sample) && entries.size === maxEntries)
        entries.delete(entries.keys().next().value as number);
      entries.set(sample, { text, credential });
    },
    delete: (text) => void entries.delete(sampleOf(text)),
  };
}

/**
 * A number for a text, of a few of its characters: a map of whole texts would hash thousands of them
 * for each request. Two texts with one number take turns in the cache, and no more.
 */
function sampleOf(text: string): number {
  const step = Math.ceil(text.length / samples);
  let sample = text.length;
  for (let at = 0; at < text.length; at += step) {
    sample = (Math.imul(sample, 31) + text.charCodeAt(at)) | 0;
  }
  return sample;
}
