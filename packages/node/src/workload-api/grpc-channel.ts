import { setMaxListeners } from "node:events";
import { type Clock, CredentialError } from "@firsthand/core";
import { backgroundClock } from "../identity/background-clock.js";
import { connect } from "./connect.js";
import type { Endpoint } from "./endpoint.js";
import { createGrpcSession, type GrpcCall, type GrpcSession } from "./grpc-session.js";
import type { SocketTrust } from "./socket-trust.js";

export interface GrpcChannelOptions {
  readonly endpoint: Endpoint;
  readonly socketTrust: SocketTrust;
  readonly clock: Clock;
  readonly messageLimitBytes: number;
}

/** Calls to one endpoint, over one session that is opened when it is needed. */
export interface GrpcChannel {
  /** The messages of the answer; ends when the call ended well, and throws when it did not. */
  call(call: GrpcCall, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined>;
  /** Ends every call with `source_closed`; resolves when no connection is left. */
  close(): Promise<void>;
}

/** Makes a channel. Nothing is loaded or opened before the first call. */
export function createGrpcChannel(options: GrpcChannelOptions): GrpcChannel {
  const { endpoint, socketTrust, messageLimitBytes } = options;
  const clock = backgroundClock(options.clock);
  const closing = new AbortController();
  let current: Promise<GrpcSession> | undefined;
  /** Also sessions that finish their calls after the other end has said that it goes away. */
  const lives = new Set<Promise<void>>();

  async function open(): Promise<GrpcSession> {
    const session = await connect(endpoint, socketTrust, closing.signal);
    return createGrpcSession(session, messageLimitBytes, clock);
  }

  function start(): Promise<GrpcSession> {
    const opening = open();
    const life = opening.then(
      (session) => session.closed,
      () => forget(opening), // every call gets the error
    );
    lives.add(life);
    void life.then(() => lives.delete(life));
    return opening;
  }

  function forget(opening: Promise<GrpcSession>): void {
    if (current === opening) current = undefined;
  }

  async function usableSession(): Promise<GrpcSession> {
    for (;;) {
      current ??= start();
      const opening = current;
      const session = await opening;
      if (session.isUsable()) return session;
      forget(opening);
    }
  }

  async function* call(
    grpcCall: GrpcCall,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      setMaxListeners(0, signal); // however many calls share it
      signal.throwIfAborted();
      closing.signal.throwIfAborted();
      const session = await unlessAborted(usableSession(), signal);
      yield* session.call(grpcCall, signal);
    } catch (cause) {
      closing.signal.throwIfAborted();
      throw cause;
    }
  }

  return {
    call,
    async close() {
      closing.abort(new CredentialError("source_closed"));
      await Promise.all(lives);
    },
  };
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    const settle = () => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort, { once: true });
    promise.finally(settle).then(resolve, reject);
  });
}
