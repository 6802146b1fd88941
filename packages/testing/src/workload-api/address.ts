import { isIP } from "node:net";
import { pathToFileURL } from "node:url";
import { invalidOption } from "@firsthand/core";

/** Where a server listens, as `net.Server.listen` takes it. */
export type ListenOptions =
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

/**
 * Reads the address of a Workload API (Workload Endpoint §4). Addresses that other machines can reach
 * are refused.
 *
 * @throws {ConfigurationError} `option_invalid`
 */
export function parseAddress(address: string): ListenOptions {
  const { href, hostname, host, port, pathname } = new URL(URL.canParse(address) ? address : "no:");
  const isUnix = href === `unix:${pathname}` || href === `unix://${pathname}`;
  if (isUnix && pathname.startsWith("/")) return { path: decodeURIComponent(pathname) };
  const ip = hostname.replace(/^\[|\]$/g, "");
  const isTcp = href === `tcp://${host}` && port !== "";
  if (isTcp && isLoopback(ip)) return { host: ip, port: Number(port) };
  const problem = "must be unix:///path or tcp://127.0.0.1:port; it hands out private keys";
  throw invalidOption("serveWorkloadApi", "address", problem);
}

/** The address of a socket, as a client takes it. */
export function formatAddress(listen: ListenOptions): string {
  if ("path" in listen) return `unix://${pathToFileURL(listen.path).pathname}`;
  const host = isIP(listen.host) === 6 ? `[${listen.host}]` : listen.host;
  return `tcp://${host}:${listen.port}`;
}

function isLoopback(host: string): boolean {
  return host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
