import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { addAbortSignal } from "node:stream";
import { CredentialError } from "@firsthand/core";
import { type Endpoint, endpointText } from "./endpoint.js";
import { type SocketTrust, trustedSocketPath } from "./socket-trust.js";

/** What a socket address has room for; Node would connect to the beginning of a longer path. */
const maxPathBytes = process.platform === "darwin" ? 103 : 107;

/**
 * Opens an HTTP/2 session, which lasts until the signal aborts. `node:http2` and `node:net` are loaded
 * only here, because a program that never connects should not pay for them.
 *
 * @throws {CredentialError} `endpoint_unreachable`, `endpoint_forbidden` or `endpoint_untrusted`
 * @throws the reason of the signal
 */
export async function connect(
  endpoint: Endpoint,
  trust: SocketTrust,
  signal: AbortSignal,
): Promise<ClientHttp2Session> {
  const [http2, net] = await Promise.all([import("node:http2"), import("node:net")]);
  try {
    const socket = net.connect(await addressOf(endpoint, trust));
    addAbortSignal(signal, socket); // the option of net.connect never lets go of the signal
    await once(socket, "connect");
    signal.throwIfAborted(); // HTTP/2 over a socket that is gone would never end
    return http2.connect(authorityOf(endpoint), {
      createConnection: () => socket,
      settings: { enablePush: false },
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw connectError(endpoint, cause);
  }
}

async function addressOf(
  endpoint: Endpoint,
  trust: SocketTrust,
): Promise<{ path: string } | { host: string; port: number }> {
  if (endpoint.kind === "tcp") return endpoint;
  const path = await trustedSocketPath(endpoint.path, trust);
  if (Buffer.byteLength(path) <= maxPathBytes) return { path };
  throw unreachable(endpoint, `a path of a socket has at most ${maxPathBytes} bytes`);
}

/** Servers refuse an authority that is a path, so for a socket it is `localhost`. */
function authorityOf(endpoint: Endpoint): string {
  return endpoint.kind === "unix"
    ? "http://localhost"
    : endpointText(endpoint).replace("tcp:", "http:");
}

function connectError(endpoint: Endpoint, cause: unknown): CredentialError {
  if (cause instanceof CredentialError) return cause;
  const { code = "" } = cause as NodeJS.ErrnoException;
  if (code !== "EACCES" && code !== "EPERM") return unreachable(endpoint, code, cause);
  const detail = `${endpointText(endpoint)} (${code})`;
  return new CredentialError("endpoint_forbidden", { detail, cause });
}

function unreachable(endpoint: Endpoint, problem: string, cause?: unknown): CredentialError {
  const detail = `${endpointText(endpoint)} (${problem})`;
  return new CredentialError("endpoint_unreachable", { detail, cause });
}
