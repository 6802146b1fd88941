import type { Dispatcher } from "undici";
import type { ProvedParts } from "../outbound-prover.js";
import { failDispatch } from "./fail-dispatch.js";

type Handler = Dispatcher.DispatchHandler;
type Controller = Dispatcher.DispatchController;
type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** How a request is sent, and sent again. */
export interface Sending {
  send(parts: ProvedParts, handler: Handler): void;
  /** The same request with a signed proof. */
  again(): Promise<ProvedParts>;
}

/**
 * Takes what the response says of sessions on its way to the handler. When the peer wants a signature,
 * its refusal is dropped and the request sent once more; the handler sees the second answer.
 *
 * A handler of undici 6 and before is left as it is: its request was signed, and is not repeated. So is
 * one whose response says nothing of sessions.
 */
export function takeAnswers(
  { answered }: Pick<ProvedParts, "answered">,
  handler: Handler,
  sending: Sending,
): Handler {
  const isPlain = answered === undefined || handler.onRequestStart === undefined;
  return isPlain ? handler : new AnsweredHandler(answered, handler, sending);
}

class AnsweredHandler implements Handler {
  readonly #answered: NonNullable<ProvedParts["answered"]>;
  readonly #handler: Handler;
  readonly #sending: Sending;
  #isRefused = false;

  constructor(answered: NonNullable<ProvedParts["answered"]>, handler: Handler, sending: Sending) {
    this.#answered = answered;
    this.#handler = handler;
    this.#sending = sending;
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context);
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onResponseStart(controller: Controller, status: number, headers: Headers, message?: string) {
    const isInformational = status < 200;
    if (!isInformational) {
      const outcome = this.#answered({ status, header: (name) => textOf(headers, name) });
      this.#isRefused = outcome === "repeat";
    }
    if (!this.#isRefused) this.#handler.onResponseStart?.(controller, status, headers, message);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (!this.#isRefused) this.#handler.onResponseData?.(controller, chunk);
  }

  onResponseEnd(controller: Controller, trailers: Headers): void {
    if (this.#isRefused) void this.#repeat();
    else this.#handler.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Controller, error: Error): void {
    void this.#answered(undefined);
    if (this.#isRefused && !controller.aborted) void this.#repeat();
    else this.#handler.onResponseError?.(controller, error);
  }

  async #repeat(): Promise<void> {
    try {
      const again = await this.#sending.again();
      this.#sending.send(again, takeAnswers(again, this.#handler, this.#sending));
    } catch (error) {
      failDispatch(this.#handler, error as Error);
    }
  }
}

function textOf(headers: Headers, name: string): string | undefined {
  const value = headers[name.toLowerCase()];
  return typeof value === "string" ? value : undefined;
}
