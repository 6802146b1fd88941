import type { ServerHttp2Stream } from "node:http2";
import { frame, type GrpcStatus, trailersOf } from "./grpc.js";

const head = { ":status": 200, "content-type": "application/grpc" };

/** What a call is answered with. Once the caller is gone, it goes nowhere. */
export class Reply {
  readonly #stream: ServerHttp2Stream;
  #trailers = {};

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    stream.on("wantTrailers", () => stream.sendTrailers(this.#trailers));
  }

  get isOpen(): boolean {
    return !this.#stream.closed && !this.#stream.destroyed && !this.#stream.writableEnded;
  }

  sendMessage(message: Uint8Array): void {
    this.sendBytes(frame(message));
  }

  sendBytes(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    if (!this.#stream.headersSent) this.#stream.respond(head, { waitForTrailers: true });
    this.#stream.write(bytes);
  }

  /** Without a status it ends as no gRPC server ends a call. */
  end(status: GrpcStatus | undefined): void {
    if (!this.isOpen) return;
    const trailers = status === undefined ? {} : trailersOf(status);
    if (!this.#stream.headersSent) {
      this.#stream.respond({ ...head, ...trailers }, { endStream: true });
      return;
    }
    this.#trailers = trailers;
    this.#stream.end();
  }
}
