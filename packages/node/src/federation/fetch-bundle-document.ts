import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { maxBundleBytes } from "@firsthand/core";
import { EndpointFault } from "../endpoint/endpoint-fault.js";
import { isEndpointUrl } from "./bundle-endpoint-options.js";
import type { ConnectEndpoint } from "./connect-endpoint.js";

const maxRedirects = 3;
const redirectStatuses: ReadonlySet<number | undefined> = new Set([301, 302, 303, 307, 308]);

/**
 * Fetches a bundle document. A redirect is followed to the same origin only, each time anew from the
 * configured URL: who may send us elsewhere would choose the authorities of a trust domain.
 *
 * @throws {EndpointFault} `bundle_endpoint_unreachable`, `bundle_endpoint_untrusted`,
 * `bundle_too_large`
 * @throws what `connect` throws, or an error of the network
 */
export async function fetchBundleDocument(
  url: URL,
  connect: ConnectEndpoint,
  signal: AbortSignal,
): Promise<Uint8Array> {
  let at = url;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const answer = await get(at, connect, signal);
    if (answer instanceof Uint8Array) return answer;
    at = answer;
    if (at.origin !== url.origin || !isEndpointUrl(at)) {
      throw new EndpointFault("bundle_endpoint_untrusted", "it redirects elsewhere");
    }
  }
  throw unusable("it redirects too often");
}

/** The document, or where it is said to be. */
async function get(
  url: URL,
  connect: ConnectEndpoint,
  signal: AbortSignal,
): Promise<Uint8Array | URL> {
  const [{ request }, socket] = await Promise.all([import("node:http"), connect(url, signal)]);
  socket.unref(); // the clock of the fetch decides whether the process waits for it
  try {
    const sent = request({
      createConnection: () => socket,
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, accept: "application/json", connection: "close" },
      signal,
    });
    sent.on("error", () => undefined); // also after it was given up
    sent.end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    const { statusCode } = response;
    if (redirectStatuses.has(statusCode)) return redirectTarget(response, url);
    if (statusCode !== 200) throw unusable(`status ${statusCode}`);
    return await contentOf(response);
  } finally {
    socket.destroy();
  }
}

function redirectTarget({ headers }: IncomingMessage, base: URL): URL {
  const { location = "" } = headers;
  if (!URL.canParse(location, base.href)) throw unusable("it redirects to nowhere");
  return new URL(location, base);
}

async function contentOf(response: IncomingMessage): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > maxBundleBytes) throw new EndpointFault("bundle_too_large", "over 1 MiB");
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function unusable(problem: string): EndpointFault {
  return new EndpointFault("bundle_endpoint_unreachable", problem);
}
