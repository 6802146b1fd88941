import type { VerifiedCredential } from "./verified-credential.js";

const maxEntries = 1000;

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

export function createCredentialCache(): CredentialCache {
  const entries = new Map<string, VerifiedCredential>();
  return {
    get: (text) => entries.get(text),
    set(text, credential) {
      if (!entries.has(text) && entries.size === maxEntries)
        entries.delete(entries.keys().next().value as string);
      entries.set(text, credential);
    },
    delete: (text) => void entries.delete(text),
  };
}
