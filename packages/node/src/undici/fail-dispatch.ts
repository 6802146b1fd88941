import type { Dispatcher } from "undici";

/** Reports the end of a request that was never sent, in the terms of the handler's generation. */
export function failDispatch(handler: Dispatcher.DispatchHandler, error: Error): void {
  const never = () => undefined;
  const controller: Dispatcher.DispatchController = {
    aborted: true,
    paused: false,
    reason: error,
    abort: never,
    pause: never,
    resume: never,
  };
  if (handler.onResponseError) handler.onResponseError(controller, error);
  else handler.onError?.(error);
}
