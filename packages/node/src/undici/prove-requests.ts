import { stringify } from "node:querystring";
import { ProofError, resumeCallContext } from "@firsthand/core";
import type { Dispatcher } from "undici";
import {
  createOutboundProver,
  type OutboundOptions,
  type ProvedParts,
} from "../outbound-prover.js";
import { CheckingHandler } from "./checking-handler.js";
import { readDispatchHeaders } from "./dispatch-headers.js";
import { failDispatch } from "./fail-dispatch.js";
import { carriedContext } from "./pass-call-context.js";
import { takeAnswers } from "./take-answers.js";

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

  async function dispatchProved(
    dispatch: Dispatcher.Dispatch,
    { query, ...opts }: DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): Promise<void> {
    try {
      if (opts.upgrade || opts.method === "CONNECT") throw upgradeRefused();
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
        proof: handler.onRequestStart === undefined ? "signed" : "any",
      });
      const send = ({ headers, content }: ProvedParts, taker: Dispatcher.DispatchHandler) => {
        const proved = [...given.flat, ...headers.flat()];
        const path = url.pathname + url.search;
        dispatch({ ...opts, origin: url.origin, path, headers: proved, body: content }, taker);
      };
      const again = () => resumeCallContext(carriedContext(opts), () => parts.again());
      const { response } = parts;
      const taker =
        response === undefined
          ? takeAnswers(parts, handler, { send, again })
          : new CheckingHandler(handler, response);
      send(parts, taker);
    } catch (error) {
      failDispatch(handler, error as Error);
    }
  }

  return (dispatch) =>
    function proveRequest(opts, handler) {
      void resumeCallContext(carriedContext(opts), () => dispatchProved(dispatch, opts, handler));
      return true;
    };
}

function upgradeRefused(): ProofError {
  return new ProofError("body_unsupported", { detail: "nothing binds what follows an upgrade" });
}

/** With what undici's own functions put beside the declared options. */
interface DispatchOptions extends Dispatcher.DispatchOptions {
  readonly signal?: unknown;
  readonly dispatcher?: unknown;
}

/** The target as it will be sent: what a dispatcher takes verbatim is brought into the form of a URL. */
function urlOf({ origin, path }: DispatchOptions, query: DispatchOptions["query"]): URL {
  try {
    if (!path.startsWith("/")) throw notATarget();
    const target = withQuery(path, query);
    const url = new URL(origin + target);
    if (url.origin === origin) return url; // as a rule; what follows finds out what else it is
    const base = new URL(String(origin));
    if (base.href !== `${base.origin}/`) throw notATarget();
    return new URL(base.origin + target);
  } catch (cause) {
    throw cause instanceof ProofError ? cause : new ProofError("url_invalid", { cause });
  }
}

function notATarget(): ProofError {
  return new ProofError("url_invalid", { detail: "not an origin and a path" });
}

function withQuery(path: string, query: DispatchOptions["query"]): string {
  if (query == null) return path;
  if (/[?#]/.test(path)) throw new ProofError("url_invalid", { detail: "it has two queries" });
  return `${path}?${stringify(query)}`;
}
