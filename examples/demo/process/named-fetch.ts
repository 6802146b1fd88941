import { Agent, buildConnector, fetch, type RequestInit, type Response } from "undici";
import { portOf } from "./child.js";

const connect = buildConnector({});

/** Finds a service by its name, wherever it listens: elsewhere DNS or the mesh does that. */
const dispatcher = new Agent({
  connect(options, callback) {
    const port = String(portOf(options.hostname));
    connect({ ...options, hostname: "127.0.0.1", port }, callback);
  },
});

export function namedFetch(url: string, init?: RequestInit): Promise<Response> {
  return fetch(url, { ...init, dispatcher, signal: AbortSignal.timeout(5000) });
}
