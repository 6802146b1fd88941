import { type Clock, ConfigurationError, CredentialError } from "@firsthand/core";
import type { Endpoint } from "./endpoint.js";
import { createGrpcChannel } from "./grpc-channel.js";
import { malformed } from "./malformed.js";
import {
  type JwtBundlesResponse,
  type JwtSvidRequest,
  type JwtSvidResponse,
  readJwtBundlesResponse,
  readJwtSvidResponse,
  readWitBundlesResponse,
  readWitSvidResponse,
  readX509BundlesResponse,
  readX509SvidResponse,
  type WitBundlesResponse,
  type WitSvidResponse,
  writeJwtSvidRequest,
  type X509BundlesResponse,
  type X509SvidResponse,
} from "./messages.js";
import type { SocketTrust } from "./socket-trust.js";

/** Options of {@link createWorkloadApiClient}. */
export interface WorkloadApiClientOptions {
  readonly endpoint: Endpoint;
  /** Whom a socket has to belong to. Default: `"unchecked"`. */
  readonly socketTrust?: SocketTrust | undefined;
  readonly clock: Clock;
  /** Bytes that one message may have. Default: 4 MiB. */
  readonly messageLimitBytes?: number | undefined;
}

/**
 * The calls of the SPIFFE Workload API. Nothing is retried: every end of a call is an error, and the
 * caller decides by {@link retryClassOf}. No call keeps the process alive: whoever waits for one does,
 * by the time that it gives it.
 *
 * Each method throws `CredentialError` (`endpoint_unreachable`, `endpoint_forbidden`,
 * `endpoint_untrusted`, `endpoint_unavailable`, `endpoint_stalled`, `endpoint_refused`,
 * `endpoint_unsupported`, `workload_unregistered`, `response_malformed`, `response_too_large`,
 * `source_closed`), or the reason of the signal when that aborts. A watch goes on until then, or until
 * it is left with `break`. What the messages say is not judged here.
 */
export interface WorkloadApiClient {
  watchX509Svids(signal: AbortSignal): AsyncIterable<X509SvidResponse>;
  watchX509Bundles(signal: AbortSignal): AsyncIterable<X509BundlesResponse>;
  watchJwtBundles(signal: AbortSignal): AsyncIterable<JwtBundlesResponse>;
  watchWitSvids(signal: AbortSignal): AsyncIterable<WitSvidResponse>;
  watchWitBundles(signal: AbortSignal): AsyncIterable<WitBundlesResponse>;
  fetchJwtSvids(request: JwtSvidRequest, signal: AbortSignal): Promise<JwtSvidResponse>;
  /** Ends every call with `source_closed`; resolves when no connection is left. */
  close(): Promise<void>;
}

const defaultLimitBytes = 4 * 1024 * 1024;

/**
 * Makes a client of the Workload API (Workload API §4, Workload Endpoint §3). It connects with its
 * first call, uses one connection for all, and a new one when that is gone.
 *
 * @throws {ConfigurationError} `option_invalid`, when the owner of a tcp address is asked for
 */
export function createWorkloadApiClient(options: WorkloadApiClientOptions): WorkloadApiClient {
  const { endpoint, clock } = options;
  const { socketTrust = "unchecked", messageLimitBytes = defaultLimitBytes } = options;
  if (endpoint.kind === "tcp" && socketTrust !== "unchecked") {
    const problem = "a tcp address has no owner; use a unix address, or leave the option out";
    throw new ConfigurationError("option_invalid", `option socketTrust: ${problem}`, {
      option: "socketTrust",
    });
  }
  const channel = createGrpcChannel({ endpoint, socketTrust, clock, messageLimitBytes });

  async function* watch<T>(
    method: string,
    read: (message: Uint8Array) => T,
    signal: AbortSignal,
  ): AsyncGenerator<T, void, undefined> {
    const call = { path: pathOf(method), request: nothing };
    for await (const message of channel.call(call, signal)) yield read(message);
    throw new CredentialError("endpoint_unavailable", { detail: "it ended the stream" });
  }

  return {
    watchX509Svids: (signal) => watch("FetchX509SVID", readX509SvidResponse, signal),
    watchX509Bundles: (signal) => watch("FetchX509Bundles", readX509BundlesResponse, signal),
    watchJwtBundles: (signal) => watch("FetchJWTBundles", readJwtBundlesResponse, signal),
    watchWitSvids: (signal) => watch("FetchWITSVID", readWitSvidResponse, signal),
    watchWitBundles: (signal) => watch("FetchWITBundles", readWitBundlesResponse, signal),
    async fetchJwtSvids(jwtSvidRequest, signal) {
      const path = pathOf("FetchJWTSVID");
      const request = writeJwtSvidRequest(jwtSvidRequest);
      const answer = channel.call({ path, request }, signal);
      return readJwtSvidResponse(await onlyMessage(answer));
    },
    close: () => channel.close(),
  };
}

const nothing = new Uint8Array();

/** The service is in no proto package. */
function pathOf(method: string): string {
  return `/SpiffeWorkloadAPI/${method}`;
}

/** Waits for the end also when the message is there: until then the call may still fail. */
async function onlyMessage(messages: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  let only: Uint8Array | undefined;
  for await (const message of messages) {
    if (only !== undefined) throw malformed("there are two answers to one question");
    only = message;
  }
  if (only === undefined) throw malformed("there is no answer");
  return only;
}

/**
 * Whether to call again, with a backoff, or not before something is changed (Workload Endpoint §6).
 */
export function retryClassOf(error: CredentialError): "retry" | "stop" {
  const { code } = error;
  return code === "endpoint_refused" || code === "endpoint_unsupported" ? "stop" : "retry";
}
