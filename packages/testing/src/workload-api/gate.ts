import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/**
 * A connection that can fall silent: nothing is read from its socket and nothing written to it, and
 * yet it stays open.
 */
export class Gate extends Duplex {
  readonly #socket: Socket;
  #silent: boolean;
  #held: () => void = () => {};

  constructor(socket: Socket, silent: boolean) {
    super();
    this.#socket = socket;
    this.#silent = silent;
    socket.pause();
    socket.on("data", (chunk) => {
      if (!this.push(chunk)) socket.pause();
    });
    socket.on("error", () => {}); // then it closes
    socket.on("close", () => this.destroy());
  }

  set silent(silent: boolean) {
    this.#silent = silent;
    if (silent) {
      this.#socket.pause();
    } else {
      this.#socket.resume();
      this.#held();
      this.#held = () => {};
    }
  }

  override _read(): void {
    if (!this.#silent) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const write = () => this.#socket.write(chunk, () => done());
    if (this.#silent) this.#held = write;
    else write();
  }

  override _final(done: () => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
