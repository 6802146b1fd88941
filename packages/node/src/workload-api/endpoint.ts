import { ConfigurationError } from "@firsthand/core";

/** Where a Workload API listens. */
export type Endpoint =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

const variable = "SPIFFE_ENDPOINT_SOCKET";
const unixExample = "such as unix:///run/spire/agent.sock";
const tcpExample = "such as tcp://127.0.0.1:8000";
const eitherExample = "write unix:///run/spire/agent.sock or tcp://127.0.0.1:8000";

/**
 * The address that was given, or else that of the environment (Workload Endpoint §4).
 *
 * @throws {ConfigurationError} `option_invalid`, saying which of the two is wrong, or that neither is
 * set
 */
export function endpointFrom(address: string | undefined, env: NodeJS.ProcessEnv): Endpoint {
  if (address !== undefined) return readEndpoint(address, "option address", "address");
  const value = env[variable];
  if (value !== undefined) return readEndpoint(value, `the environment variable ${variable}`);
  throw new ConfigurationError(
    "option_invalid",
    `the Workload API has no address: set option address or the environment variable ${variable}`,
    { option: "address" },
  );
}

/**
 * Reads the address of a Workload API (Workload Endpoint §4): `unix:///run/spire/agent.sock` with an
 * absolute path and nothing else, or `tcp://127.0.0.1:8000` with an IP address and a port and nothing
 * else. A TCP address has to be of this machine, since nothing on the way is encrypted.
 *
 * @throws {ConfigurationError} `option_invalid`, saying what is wrong and what a good one looks like
 */
export function parseEndpoint(address: string): Endpoint {
  return readEndpoint(address, "the address of the Workload API");
}

function readEndpoint(address: string, subject: string, option?: string): Endpoint {
  const endpoint = endpointOrProblem(address);
  if (typeof endpoint === "object") return endpoint;
  const named = option === undefined ? {} : { option };
  throw new ConfigurationError("option_invalid", `${subject}: ${endpoint}`, named);
}

function endpointOrProblem(address: string): Endpoint | string {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(address) ?? [];
  switch (scheme.toLowerCase()) {
    case "unix":
      return unixEndpoint(rest);
    case "tcp":
      return tcpEndpoint(rest);
    case "":
      return `is not a URI; ${eitherExample}`;
    default:
      return `has another scheme than unix: and tcp:; ${eitherExample}`;
  }
}

function unixEndpoint(rest: string): Endpoint | string {
  if (/[?#]/.test(rest)) return `has a query or a fragment; write only a path, ${unixExample}`;
  const [, authority, path = ""] = /^(?:\/\/([^/]*))?(.*)$/s.exec(rest) ?? [];
  if (authority) return `has a host where the path begins; write three slashes, ${unixExample}`;
  if (path === "" || path === "/") return `has no path; write one, ${unixExample}`;
  if (!path.startsWith("/")) return `has a path that is not absolute; write one, ${unixExample}`;
  const decoded = decodePath(path);
  return decoded === undefined
    ? `has a character in its path that a URI cannot have; percent-encode it, ${unixExample}`
    : { kind: "unix", path: decoded };
}

/** The path of a URI (RFC 3986 §3.3) as the file system knows it. */
function decodePath(path: string): string | undefined {
  if (!/^(?:[\w.~!$&'()*+,;=:@/-]|%[0-9a-f]{2})+$/i.test(path) || path.includes("%00")) return;
  try {
    return decodeURIComponent(path);
  } catch {
    return;
  }
}

function tcpEndpoint(rest: string): Endpoint | string {
  const [, authority = "", more] = /^\/\/([^/?#]*)(.*)$/s.exec(rest) ?? [];
  if (authority === "") return `has no host; write an IP address and a port, ${tcpExample}`;
  if (more) return `has more than an IP address and a port; write only these, ${tcpExample}`;
  if (authority.includes("@")) return `has a user name; write only address and port, ${tcpExample}`;
  const [, host = "", digits] = /^(\[.*\]|[^:]*)(?::(\d*))?$/s.exec(authority) ?? [];
  if (!isIpv4(host) && !isIpv6(host)) {
    return `has a host that is not an IP address; write one, ${tcpExample} or tcp://[::1]:8000`;
  }
  const port = Number(digits || Number.NaN);
  if (!(port >= 1 && port <= 65_535))
    return `has no port from 1 to 65535; write one, ${tcpExample}`;
  if (!isLoopback(host)) {
    return `is not of this machine, and nothing on the way is encrypted; write one that is, ${tcpExample}`;
  }
  return { kind: "tcp", host: host.replace(/^\[|\]$/g, ""), port };
}

/** Four decimal numbers, without the other notations that resolvers know. */
function isIpv4(host: string): boolean {
  const numbers = host.split(".");
  return numbers.length === 4 && numbers.every((n) => /^(?:0|[1-9]\d{0,2})$/.test(n) && +n < 256);
}

/** An IPv6 address in brackets, without a zone. */
function isIpv6(host: string): boolean {
  return host.startsWith("[") && URL.canParse(`tcp://${host}`);
}

function isLoopback(host: string): boolean {
  return isIpv4(host) ? host.startsWith("127.") : new URL(`tcp://${host}`).hostname === "[::1]";
}

/** The endpoint as a URI, for messages. */
export function endpointText(endpoint: Endpoint): string {
  if (endpoint.kind === "unix") return `unix://${endpoint.path}`;
  const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
  return `tcp://${host}:${endpoint.port}`;
}
