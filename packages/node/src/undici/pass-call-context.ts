import { type CallContext, callContext } from "@firsthand/core";
import type { Dispatcher } from "undici";

const carried = Symbol("call context");

type Carrying = Dispatcher.DispatchOptions & { readonly [carried]?: CallContext | undefined };

/**
 * Makes an interceptor for undici 7 that takes the call context of whoever asks along to
 * `proveRequests`, which passes on what of it the peer gets:
 * `new Agent().compose(proveRequests({ identity, peers }), interceptors.retry(), passCallContext())`.
 *
 * Compose it last. What retries or redirects a request is called by a socket, and a socket runs in the
 * context of whichever request opened it. So the context is taken here, where the request begins, and
 * nowhere else: without this interceptor nothing of it is passed on.
 */
export function passCallContext(): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) =>
    function dispatchInContext(options, handler) {
      const carrying: Carrying = { ...options, [carried]: callContext() };
      return dispatch(carrying, handler);
    };
}

/** The context in which a request began. */
export function carriedContext(options: Carrying): CallContext | undefined {
  return options[carried];
}
