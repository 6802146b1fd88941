import type { ClientHttp2Session } from "node:http2";
import { type Clock, CredentialError } from "@firsthand/core";
import { writeFrame } from "./grpc-frames.js";
import { readResponse } from "./grpc-response.js";
import { createHold } from "./hold.js";
import { malformed } from "./malformed.js";
import { watchPulse } from "./pulse.js";

/** One call of a method that answers with one or more messages. */
export interface GrpcCall {
  /** Such as `/SpiffeWorkloadAPI/FetchX509SVID`. */
  readonly path: string;
  readonly request: Uint8Array;
}

/** Calls over one HTTP/2 session. */
export interface GrpcSession {
  /** The messages of the answer; ends when the call ended well. */
  call(call: GrpcCall, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined>;
  /** Whether another call can be made: neither end has said that it goes away. */
  isUsable(): boolean;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
}

/**
 * Makes calls over a session (gRPC over HTTP/2). It does not keep the process alive; while there are
 * calls, the other end has to answer pings.
 */
export function createGrpcSession(
  session: ClientHttp2Session,
  limitBytes: number,
  clock: Clock,
): GrpcSession {
  let pulse = new AbortController();
  const holdPulse = createHold(
    () => {
      pulse = new AbortController();
      void watchPulse(session, clock, pulse.signal);
    },
    () => pulse.abort(),
  );
  session.unref();
  session.on("error", () => undefined); // every stream ends with it
  const closed = new Promise<void>((resolve) => session.once("close", resolve));

  async function* call(
    { path, request }: GrpcCall,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      const stream = session.request({ ...headers, ":path": path }, { signal });
      stream.once("close", holdPulse());
      stream.end(writeFrame(request));
      for await (const message of readResponse(stream, limitBytes)) {
        signal.throwIfAborted();
        yield message;
      }
    } catch (cause) {
      signal.throwIfAborted();
      throw callError(cause);
    }
  }

  return { call, isUsable: () => !session.closed && !session.destroyed, closed };
}

const headers = {
  ":method": "POST",
  te: "trailers",
  "content-type": "application/grpc",
  "user-agent": "firsthand-node",
  "workload.spiffe.io": "true",
};

function callError(cause: unknown): CredentialError {
  if (cause instanceof CredentialError) return cause;
  const { code = "" } = cause as NodeJS.ErrnoException;
  if (code === "ERR_HTTP2_ERROR") return malformed("it is not HTTP/2", cause);
  return new CredentialError("endpoint_unavailable", { detail: code, cause });
}
