import type { Dispatcher } from "undici";
import type { ProvedParts } from "../outbound-prover.js";
import { failDispatch } from "./fail-dispatch.js";

type Handler = Dispatcher.DispatchHandler;
type Send = (parts: ProvedParts, handler: Handler) => void;
type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Takes what the response says of sessions on its way to the handler. When the peer wants a signature,
 * its refusal is dropped and the request sent once more; the handler sees the second answer.
 *
 * A handler of undici 6 and before is left as it is: its request was signed, and is not repeated.
 */
export function takeAnswers(parts: ProvedParts, handler: Handler, send: Send): Handler {
  if (handler.onRequestStart === undefined) return handler;
  let isRefused = false;

  async function repeat(): Promise<void> {
    try {
      const again = await parts.again();
      send(again, takeAnswers(again, handler, send));
    } catch (error) {
      failDispatch(handler, error as Error);
    }
  }

  return {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onResponseStarted: () => handler.onResponseStarted?.(),
    onResponseStart(controller, status, headers, message) {
      if (status < 200) return handler.onResponseStart?.(controller, status, headers, message);
      const outcome = parts.answered({ status, header: (name) => textOf(headers, name) });
      isRefused = outcome === "repeat";
      if (!isRefused) handler.onResponseStart?.(controller, status, headers, message);
    },
    onResponseData(controller, chunk) {
      if (!isRefused) handler.onResponseData?.(controller, chunk);
    },
    onResponseEnd(controller, trailers) {
      if (isRefused) void repeat();
      else handler.onResponseEnd?.(controller, trailers);
    },
    onResponseError(controller, error) {
      void parts.answered(undefined);
      if (isRefused && !controller.aborted) void repeat();
      else handler.onResponseError?.(controller, error);
    },
  };
}

function textOf(headers: Headers, name: string): string | undefined {
  const value = headers[name.toLowerCase()];
  return typeof value === "string" ? value : undefined;
}
