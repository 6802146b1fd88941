import { VerificationError } from "../errors.js";
import { derLength, readHeader, tags } from "./der.js";

/** One element of DER; both views share memory with what it was read from. */
export interface DerElement {
  readonly tag: number;
  /** All of it, header included. */
  readonly der: Uint8Array;
  readonly content: Uint8Array;
}

/** Reads elements one after another. For bytes whose depths `derLength` went through. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  /** @param bytes - the content of a constructed element */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get #done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The next element, which must have the tag when one is given. */
  next(tag?: number): DerElement {
    const start = this.#at;
    const header = readHeader(this.#bytes, start, this.#bytes.length);
    if (tag !== undefined && header.tag !== tag) throw malformed();
    this.#at = header.end;
    return {
      tag: header.tag,
      der: this.#bytes.subarray(start, header.end),
      content: this.#bytes.subarray(header.contentStart, header.end),
    };
  }

  /** The next element if it has the tag. */
  optional(tag: number): DerElement | undefined {
    return this.#bytes[this.#at] === tag ? this.next() : undefined;
  }

  /** The next element, a constructed one, to be read in turn. */
  enter(tag: number = tags.sequence): DerReader {
    return new DerReader(this.next(tag).content);
  }

  /** Every element that is left: one at least, each with the tag when one is given. */
  list(tag?: number): DerElement[] {
    const elements = [this.next(tag)];
    while (!this.#done) elements.push(this.next(tag));
    return elements;
  }

  /** Refuses what is left over. */
  end(): void {
    if (!this.#done) throw malformed();
  }
}

/**
 * A reader of bytes that have to be one SEQUENCE and nothing else, such as the value of an
 * extension.
 *
 * @throws {VerificationError} `certificate_malformed`, as the reader does
 */
export function readSequence(bytes: Uint8Array): DerReader {
  return new DerReader(readOne(bytes, tags.sequence).content);
}

/**
 * Reads bytes that have to be one element with this tag and nothing else.
 *
 * @throws {VerificationError} `certificate_malformed`
 */
export function readOne(bytes: Uint8Array, tag: number): DerElement {
  if (derLength(bytes) !== bytes.length) throw malformed();
  return new DerReader(bytes).next(tag);
}

function malformed(): VerificationError {
  return new VerificationError("certificate_malformed");
}
