import { runtime } from "#runtime";
import { type Awaitable, andThen } from "./awaitable.js";
import { base64url } from "./encoding.js";

/** base64url SHA-256 of bytes: the form in which every hash travels. */
export function hashBytes(bytes: Uint8Array): Awaitable<string> {
  return andThen(runtime.sha256(bytes), base64url);
}

/** base64url SHA-256 of the UTF-8 bytes of a text. */
export function hashText(text: string): Awaitable<string> {
  return runtime.hashText(text);
}

/** base64url SHA-256 of no bytes. */
export const emptyHash = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
