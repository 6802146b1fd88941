import { utf8 } from "../encoding.js";
import { Refusal } from "../refusal.js";
import type { ResponseSigner } from "../signature/response-signer.js";
import { ByteBuffer } from "./byte-buffer.js";
import { sendRefusal } from "./send-refusal.js";
import {
  applyHead,
  fieldLines,
  type SentMethods,
  type SignedServerResponse,
} from "./signed-server-response.js";

/**
 * Holds a response back until its end, so that it can be signed. What cannot be held (flushed headers,
 * content above the limit, strings in another encoding than UTF-8) is refused with 501 where a
 * signature is required, and sent unsigned, as it comes, where it is not.
 *
 * Only properties of this one response are set, and none is ever taken back: whatever wrapped them
 * before or wraps them later stays in place.
 */
export function signWhenEnded(
  method: string | undefined,
  response: SignedServerResponse,
  signer: ResponseSigner,
): void {
  const held = new HeldResponse(method, response, signer);
  const { headersSent, writableEnded } = held.getters;
  Object.defineProperties(response, { headersSent, writableEnded });
  response.writeHead = (...args) => held.writeHead(...args);
  response.write = (...args) => held.write(...args);
  response.end = (...args) => held.end(...args);
  response.flushHeaders = () => held.flushHeaders();
}

/**
 * `open`: nothing came from the application; `started`, `ended`: that is what it did. `released`: it
 * goes past us. `withheld`: nothing of it is sent.
 */
type State = "open" | "started" | "ended" | "released" | "withheld";

class HeldResponse {
  readonly #method: string | undefined;
  readonly #response: SignedServerResponse;
  readonly #signer: ResponseSigner;
  readonly #send: SentMethods;
  readonly #content = new ByteBuffer();
  #state: State = "open";
  /** Set while we send: Node then calls methods of the response, which have to reach it. */
  #isSending = false;

  constructor(method: string | undefined, response: SignedServerResponse, signer: ResponseSigner) {
    this.#method = method;
    this.#response = response;
    this.#signer = signer;
    this.#send = {
      writeHead: response.writeHead.bind(response),
      write: response.write.bind(response),
      end: response.end.bind(response),
      flushHeaders: response.flushHeaders.bind(response),
    };
  }

  /** What frameworks ask before they answer; to the application, what we hold is on its way. */
  get getters() {
    const native = (name: string) =>
      Reflect.get(Object.getPrototypeOf(this.#response), name, this.#response);
    return {
      headersSent: {
        configurable: true,
        get: () => !["open", "released"].includes(this.#state) || native("headersSent"),
      },
      writableEnded: {
        configurable: true,
        get: () => ["ended", "withheld"].includes(this.#state) || native("writableEnded"),
      },
    };
  }

  writeHead(status: number, ...rest: readonly unknown[]): unknown {
    if (this.#passes()) return this.#send.writeHead(status, ...rest);
    if (this.#state === "open") {
      applyHead(this.#response, status, rest);
      this.#state = "started";
    }
    return this.#response;
  }

  write(...args: readonly unknown[]): boolean {
    if (this.#passes()) return this.#send.write(...args);
    const { chunk, encoding, callback } = argumentsOf(args);
    this.#hold(chunk, encoding);
    if (this.#state === "released") return this.#send.write(...args);
    if (callback !== undefined) queueMicrotask(callback);
    return true;
  }

  end(...args: readonly unknown[]): unknown {
    if (this.#passes()) return this.#send.end(...args);
    const { chunk, encoding, callback } = argumentsOf(args);
    if (chunk != null) this.#hold(chunk, encoding);
    if (this.#passes()) return this.#send.end(...args);
    if (this.#state === "open" || this.#state === "started") {
      this.#state = "ended";
      void this.#finish(callback);
    }
    return this.#response;
  }

  flushHeaders(): void {
    if (!this.#passes()) this.#giveUp();
    if (this.#passes()) this.#send.flushHeaders();
  }

  #passes(): boolean {
    return this.#state === "released" || this.#isSending;
  }

  #hold(chunk: unknown, encoding: unknown): void {
    if (this.#state !== "open" && this.#state !== "started") return;
    this.#state = "started";
    const bytes = bytesOf(chunk, encoding);
    const length = this.#content.bytes().length + (bytes?.length ?? 0);
    if (bytes === undefined || length > this.#signer.contentLimitBytes) this.#giveUp();
    else this.#content.append(bytes);
  }

  /** What cannot be held goes its way unsigned, or not at all. */
  #giveUp(): void {
    if (this.#state !== "open" && this.#state !== "started") return;
    if (this.#signer.isRequired) {
      this.#state = "withheld";
      void this.#refuse(undefined);
      return;
    }
    this.#state = "released";
    const content = this.#content.bytes();
    if (content.length > 0) this.#send.write(content);
  }

  async #finish(callback: Callback | undefined): Promise<void> {
    const response = this.#response;
    const { statusCode: status } = response;
    const isBare = this.#method === "HEAD" || status === 204 || status === 304;
    const content = isBare ? new Uint8Array(0) : this.#content.bytes();
    try {
      const headers = fieldLines(response);
      const fields = await this.#signer.sign({ status, headers, content });
      for (const [name, value] of fields) response.setHeader(name, value);
    } catch (cause) {
      if (this.#signer.isRequired) return this.#refuse(cause);
    }
    this.#sendOnly(() => this.#send.end(content, callback));
  }

  /** Sends the refusal in place of what the application answered. */
  async #refuse(cause: unknown): Promise<void> {
    const response = this.#response;
    try {
      const refusal = new Refusal(await this.#signer.refuse(cause), "");
      for (const name of Object.keys(response.getHeaders())) response.removeHeader(name);
      response.statusMessage = "";
      this.#sendOnly(() => sendRefusal(response, refusal));
    } catch (error) {
      response.destroy(error as Error);
    }
  }

  /** What Node refuses to send cuts the exchange off: nobody waits for us who could be told. */
  #sendOnly(send: () => void): void {
    this.#isSending = true;
    try {
      send();
    } catch (error) {
      this.#response.destroy(error as Error);
    } finally {
      this.#isSending = false;
    }
  }
}

type Callback = () => void;

/** What `write` and `end` take: content, its encoding and a callback, each of them optional. */
function argumentsOf(args: readonly unknown[]) {
  const [chunk, encoding] = args.filter((part) => typeof part !== "function");
  const callback = args.find((part) => typeof part === "function") as Callback | undefined;
  return { chunk, encoding, callback };
}

/** Undefined for a string in an encoding that only Node knows. */
function bytesOf(chunk: unknown, encoding: unknown): Uint8Array | undefined {
  if (chunk instanceof Uint8Array) return chunk;
  const isUtf8 = encoding == null || /^utf-?8$/i.test(String(encoding));
  return typeof chunk === "string" && isUtf8 ? utf8(chunk) : undefined;
}
