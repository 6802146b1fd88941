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

  async function proved(
    { query, ...opts }: DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): Promise<ProvedDispatch> {
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
      proof: handler.onRequestStart === undefined ? "signed" : "any",
    });
    const withParts = ({ headers, content }: ProvedParts) => ({
      ...opts,
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      headers: [...given.flat, ...headers.flat()],
      body: content,
    });
    return { parts, withParts };
  }

  return (dispatch) => {
    async function dispatchProved(opts: DispatchOptions, handler: Dispatcher.DispatchHandler) {
      try {
        const { parts, withParts } = await proved(opts, handler);
        const { response } = parts;
        const send = (proof: ProvedParts, taker: Dispatcher.DispatchHandler) =>
          void dispatch(withParts(proof), taker);
        const again = () => resumeCallContext(carriedContext(opts), () => parts.again());
        const taker =
          response === undefined
            ? takeAnswers({ ...parts, again }, handler, send)
            : new CheckingHandler(handler, response);
        send(parts, taker);
      } catch (error) {
        failDispatch(handler, error as Error);
      }
    }
    return function proveRequest(opts, handler) {
      void resumeCallContext(carriedContext(opts), () => dispatchProved(opts, handler));
      return true;
    };
  };
}

interface ProvedDispatch {
  readonly parts: ProvedParts;
  /** The dispatch with one proof of it or another. */
  withParts(parts: ProvedParts): DispatchOptions;
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
