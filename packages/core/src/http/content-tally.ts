import { runtime } from "#runtime";
import { base64url, utf8 } from "../encoding.js";
import { VerificationError } from "../errors.js";

/** Length and SHA-256 of content while it arrives. */
export class ContentTally {
  readonly #hasher = runtime.createSha256();
  #length = 0;
  #digest: Promise<string> | undefined;

  get length(): number {
    return this.#length;
  }

  add(bytes: Uint8Array): void {
    this.#length += bytes.length;
    this.#hasher.update(bytes);
  }

  /** @throws {VerificationError} `body_too_large` */
  checkLength(limit: number): void {
    if (this.#length > limit) throw new VerificationError("body_too_large");
  }

  /** base64url. Nothing can be added afterwards. */
  digest(): Promise<string> {
    this.#digest ??= this.#finish();
    return this.#digest;
  }

  async #finish(): Promise<string> {
    return base64url(await this.#hasher.digest());
  }
}

/** A chunk as bytes; test tools push strings. */
export function bytesOf(data: Uint8Array | string): Uint8Array {
  return typeof data === "string" ? utf8(data) : data;
}
