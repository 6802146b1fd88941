import { ProofError } from "@firsthand/core";
import { DecoratorHandler, type Dispatcher } from "undici";
import type { CheckedResponse } from "../outbound-prover.js";

type Controller = Dispatcher.DispatchController;
type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What was received of a response that is not passed on yet. */
interface HeldResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly message: string | undefined;
  readonly chunks: Buffer[];
  length: number;
}

/**
 * Passes a response on when it is what the request asked for: all at once where it has to be checked,
 * and otherwise as it comes.
 */
export class CheckingHandler implements Dispatcher.DispatchHandler {
  readonly #inner: Required<Dispatcher.DispatchHandler>;
  readonly #response: CheckedResponse;
  #held: HeldResponse | undefined;

  constructor(handler: Dispatcher.DispatchHandler, response: CheckedResponse) {
    // It speaks to handlers of either generation.
    this.#inner = new DecoratorHandler(handler) as Required<Dispatcher.DispatchHandler>;
    this.#response = response;
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#held = undefined;
    this.#inner.onRequestStart(controller, context);
  }

  onResponseStart(controller: Controller, status: number, headers: Headers, message?: string) {
    const isInformational = status < 200;
    if (!isInformational && this.#response.check.appliesTo(fieldLines(headers))) {
      this.#held = { status, headers, message, chunks: [], length: 0 };
    } else {
      this.#inner.onResponseStart(controller, status, headers, message);
    }
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    const held = this.#held;
    if (held === undefined) {
      this.#inner.onResponseData(controller, chunk);
      return;
    }
    held.chunks.push(chunk);
    held.length += chunk.length;
    if (held.length > this.#response.limit) controller.abort(new ProofError("response_too_large"));
  }

  onResponseEnd(controller: Controller, trailers: Headers): void {
    if (this.#held === undefined) this.#inner.onResponseEnd(controller, trailers);
    else void this.#passOn(controller, this.#held, trailers);
  }

  onResponseError(controller: Controller, error: Error): void {
    this.#inner.onResponseError(controller, error);
  }

  async #passOn(controller: Controller, held: HeldResponse, trailers: Headers): Promise<void> {
    const { status, headers, message, chunks } = held;
    const content = Buffer.concat(chunks);
    try {
      await this.#response.check.verify({ status, headers: fieldLines(headers), content });
    } catch (error) {
      this.#inner.onResponseError(controller, error as Error);
      return;
    }
    this.#inner.onResponseStart(controller, status, headers, message);
    if (content.length > 0) this.#inner.onResponseData(controller, content);
    this.#inner.onResponseEnd(controller, trailers);
  }
}

function fieldLines(headers: Headers): readonly (readonly [name: string, value: string])[] {
  return Object.entries(headers).flatMap(([name, value = []]) =>
    [value].flat().map((line) => [name, line] as const),
  );
}
