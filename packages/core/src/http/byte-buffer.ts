/** Collects bytes in memory of at most twice their number, however small the pieces are. */
export class ByteBuffer {
  #memory = new Uint8Array(0);
  #length = 0;

  append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#memory.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#length));
      larger.set(this.bytes());
      this.#memory = larger;
    }
    this.#memory.set(bytes, this.#length);
    this.#length = length;
  }

  /** Everything appended so far; valid until the next `append`. */
  bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }
}
