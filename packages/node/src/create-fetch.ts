import { callback, ProofError, parseOptions } from "@firsthand/core";
import * as z from "zod/mini";
import { checkResponse } from "./check-response.js";
import { readFetchCall } from "./fetch-call.js";
import { globalDispatchers } from "./insecure-transport.js";
import { createOutboundProver, type OutboundOptions, type ProvedParts } from "./outbound-prover.js";

/** A fetch function: the global one, that of undici, or any other that takes a URL and an init. */
export type AnyFetch = (url: string, init?: never) => Promise<unknown>;

/** Options of {@link createFetch}. */
export interface FetchOptions extends OutboundOptions {
  /** What sends the requests. Default: the global fetch. */
  readonly fetch?: AnyFetch | undefined;
}

const schema = z.object({ fetch: z.optional(callback<AnyFetch>()) });

/**
 * Makes a fetch that proves this workload's identity with each request, to the peers that are
 * configured and to nobody else.
 *
 * It differs from fetch in this: the body is read into memory before anything is sent; a redirect is
 * an error unless `redirect: "manual"` asks to see it, because a proof is never sent on; and a
 * dispatcher counts only in `init`, not inside a `Request`. A retry is a new call with a new proof:
 * a dispatcher that retries by itself would send one proof twice, and the peer refuses the second.
 * Put `proveRequests` of `@firsthand/node/undici` inside such a dispatcher instead.
 *
 * Where a peer has to sign its responses, a response resolves only after all of it was read and found
 * to be the signed answer of that peer to this request; it is then the response of fetch, unread. A
 * response with a signature that was not asked for is checked as well.
 *
 * The fetch that is returned rejects with `ProofError` (`peer_unknown`, `url_invalid`,
 * `transport_insecure`, `header_conflict`, `body_too_large`, `body_unsupported`, `redirect_refused`,
 * `response_unsigned`, `response_invalid`, `response_too_large`, `peer_unexpected`) or `CredentialError` (`credential_missing`, `credential_expired`, `source_not_ready`,
 * `source_closed`); nothing was sent then, except with `redirect_refused` and what is wrong
 * with a response.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function createFetch(options: FetchOptions): typeof globalThis.fetch {
  const { fetch = globalThis.fetch } = parseOptions("createFetch", schema, options);
  const { fetch: _, ...outboundOptions } = options;
  const send = fetch as typeof globalThis.fetch;
  const prove = createOutboundProver("createFetch", outboundOptions);

  return async function provedFetch(input, init) {
    const call = readFetchCall(input, init);
    const { dispatcher } = call.members;
    const dispatchers = dispatcher == null ? globalDispatchers() : [dispatcher];
    const sendCall = ({ content, headers, response }: ProvedParts) =>
      send(call.url.href, {
        ...call.members,
        method: call.method,
        headers: [
          ...call.headers,
          ...headers,
          ...(response === undefined ? [] : plainEncoding(call.headers)),
        ] as [string, string][],
        body: content,
        redirect: "manual",
      });
    const response = await exchange(await prove({ ...call, dispatchers }), sendCall);
    if (call.redirect !== "manual") await refuseRedirect(response);
    return response;
  };
}

/** Sends a proved request, and once more when the peer wants a signature for it. */
async function exchange(
  proved: ProvedParts,
  send: (parts: ProvedParts) => Promise<Response>,
): Promise<Response> {
  const response = await sendOnce(proved, send);
  if (response.outcome !== "repeat") return response.received;
  await response.received.body?.cancel();
  return (await sendOnce(await proved.again(), send)).received;
}

async function sendOnce(parts: ProvedParts, send: (parts: ProvedParts) => Promise<Response>) {
  let received: Response | undefined;
  try {
    received = await send(parts);
  } finally {
    if (received === undefined) await parts.answered?.(undefined);
  }
  const { status, headers } = received;
  const outcome = await parts.answered?.({ status, header: (name) => headers.get(name) });
  if (parts.response !== undefined) await checkResponse(received, parts.response);
  return { received, outcome };
}

/** Fetch decodes content by itself, and a signature is about the content as it was sent. */
function plainEncoding(given: readonly (readonly [string, string])[]) {
  const isGiven = given.some(([name]) => name.toLowerCase() === "accept-encoding");
  return isGiven ? [] : [["accept-encoding", "identity"] as const];
}

const redirectStatuses = new Set([301, 302, 303, 307, 308]);

async function refuseRedirect(response: Response): Promise<void> {
  if (!redirectStatuses.has(response.status) || !response.headers.has("location")) return;
  await response.body?.cancel();
  throw new ProofError("redirect_refused", { detail: `status ${response.status}` });
}
