import { runtime } from "#runtime";
import type { Awaitable } from "./awaitable.js";
import { base64url } from "./encoding.js";

/** base64url SHA-256 of bytes: the form in which every hash travels. */
export async function hashBytes(bytes: Uint8Array): Promise<string> {
  return base64url(await runtime.sha256(bytes));
}

/** base64url SHA-256 of the UTF-8 bytes of a text. */
export function hashText(text: string): Awaitable<string> {
  return runtime.hashText(text);
}

/** base64url SHA-256 of no bytes. */
export const emptyHash = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
