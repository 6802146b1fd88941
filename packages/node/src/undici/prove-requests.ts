import { stringify } from "node:querystring";
import { ProofError, resumeCallContext } from "@firsthand/core";
import type { Dispatcher } from "undici";
import {
  type CheckedResponse,
  createOutboundProver,
  type OutboundOptions,
} from "../outbound-prover.js";
import { CheckingHandler } from "./checking-handler.js";
import { readDispatchHeaders } from "./dispatch-headers.js";
import { carriedContext } from "./pass-call-context.js";

/**
 * Makes an interceptor for undici 7 that proves this workload's identity with each dispatch, to the
 * peers that are configured and to nobody else:
 * `new Agent().compose(proveRequests({ identity, peers }), interceptors.retry())`.
 *
 * Compose it first. What comes later is outside of it, so that each attempt of the retry interceptor
 * and each hop of the redirect interceptor asks for its own proof; a hop to an origin that is no peer
 * fails with `peer_unknown`, and no header of ours travels there. It follows no redirect itself.
 *
 * Compose it on an `Agent`. A `Client` or `Pool` sends to its own origin whatever the request says,
 * so that a proof for one peer could reach another.
 *
 * The call context comes with `passCallContext`, composed last.
 *
 * Dispatches fail with the errors of {@link createFetch}. `CONNECT` and upgrades are refused with
 * `body_unsupported`, since nothing binds what follows them.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function proveRequests(options: OutboundOptions): Dispatcher.DispatcherComposeInterceptor {
  const prove = createOutboundProver("proveRequests", options);

  async function proved({ query, ...opts }: DispatchOptions): Promise<ProvedDispatch> {
    if (opts.upgrade || opts.method === "CONNECT") {
      throw new ProofError("body_unsupported", { detail: "nothing binds what follows an upgrade" });
    }
    const url = urlOf(opts, query);
    const given = readDispatchHeaders(opts.headers);
    const parts = await prove({
      method: opts.method,
      url,
      headers: given.fields,
      // To a dispatcher a string implies no content type.
      body: typeof opts.body === "string" ? Buffer.from(opts.body) : opts.body,
      signal: opts.signal instanceof AbortSignal ? opts.signal : undefined,
      dispatchers: [opts.dispatcher],
    });
    const sent = {
      ...opts,
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      headers: [...given.flat, ...parts.headers.flat()],
      body: parts.content,
    };
    return { sent, response: parts.response };
  }

  return (dispatch) => {
    async function dispatchProved(opts: DispatchOptions, handler: Dispatcher.DispatchHandler) {
      try {
        const { sent, response } = await proved(opts);
        dispatch(sent, response === undefined ? handler : new CheckingHandler(handler, response));
      } catch (error) {
        fail(handler, error as Error);
      }
    }
    return function proveRequest(opts, handler) {
      void resumeCallContext(carriedContext(opts), () => dispatchProved(opts, handler));
      return true;
    };
  };
}

interface ProvedDispatch {
  readonly sent: DispatchOptions;
  readonly response: CheckedResponse | undefined;
}

/** With what undici's own functions put beside the declared options. */
interface DispatchOptions extends Dispatcher.DispatchOptions {
  readonly signal?: unknown;
  readonly dispatcher?: unknown;
}

/** The target as it will be sent: what a dispatcher takes verbatim is brought into the form of a URL. */
function urlOf({ origin, path }: DispatchOptions, query: DispatchOptions["query"]): URL {
  try {
    const base = new URL(String(origin));
    const isTarget = base.href === `${base.origin}/` && path.startsWith("/");
    if (!isTarget) throw new ProofError("url_invalid", { detail: "not an origin and a path" });
    return new URL(base.origin + withQuery(path, query));
  } catch (cause) {
    throw cause instanceof ProofError ? cause : new ProofError("url_invalid", { cause });
  }
}

function withQuery(path: string, query: DispatchOptions["query"]): string {
  if (query == null) return path;
  if (/[?#]/.test(path)) throw new ProofError("url_invalid", { detail: "it has two queries" });
  return `${path}?${stringify(query)}`;
}

/** Reports the end of a request that was never sent, in the terms of the handler's generation. */
function fail(handler: Dispatcher.DispatchHandler, error: Error): void {
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
