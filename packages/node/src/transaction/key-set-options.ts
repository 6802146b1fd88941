import {
  type Clock,
  callback,
  clockOption,
  isSecureTransport,
  parseOptions,
  systemClock,
  wholeNumber,
} from "@firsthand/core";
import * as z from "zod/mini";
import type { AnyFetch } from "../create-fetch.js";
import { readBy } from "../read-option.js";

/** Options of `openKeySet`. */
export interface KeySetOptions {
  /** Where the JWK Set is: an https: URL without user information, or http: to this machine. */
  readonly url: string;
  /**
   * What asks for it, such as the fetch of an identity where the service wants to know who asks.
   * Default: the global fetch, which trusts the public web PKI.
   */
  readonly fetch?: AnyFetch | undefined;
  /** How often to ask, from 10 to 86400. Default 300. */
  readonly refreshSeconds?: number | undefined;
  /**
   * How long keys are in use after the URL served them last, from 30 to 1209600: whoever cuts us off
   * would keep a key in force that was taken away. Default 86400, which is one day.
   */
  readonly maxStaleSeconds?: number | undefined;
  /** The longest that one fetch may take, up to 10000. Default 10000. */
  readonly timeoutMilliseconds?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** The options with defaults filled in. */
export interface KeySetRules {
  readonly url: URL;
  readonly fetch: typeof globalThis.fetch;
  readonly refreshSeconds: number;
  readonly maxStaleSeconds: number;
  readonly timeoutMilliseconds: number;
  readonly clock: Clock;
}

const schema = z.strictObject({
  url: readBy(parseServiceUrl, "must be an https: URL without user information"),
  fetch: z.optional(callback<AnyFetch>()),
  refreshSeconds: z.optional(wholeNumber(10, 86_400)),
  maxStaleSeconds: z.optional(wholeNumber(30, 1_209_600)),
  timeoutMilliseconds: z.optional(wholeNumber(1, 10_000)),
  clock: z.optional(clockOption),
});

/**
 * Checks the options once and fills in the defaults.
 *
 * @throws {ConfigurationError} naming the option
 */
export function parseKeySetOptions(options: KeySetOptions): KeySetRules {
  const parsed = parseOptions("openKeySet", schema, options);
  return {
    url: parsed.url,
    fetch: (parsed.fetch ?? globalThis.fetch) as typeof globalThis.fetch,
    refreshSeconds: parsed.refreshSeconds ?? 300,
    maxStaleSeconds: parsed.maxStaleSeconds ?? 86_400,
    timeoutMilliseconds: parsed.timeoutMilliseconds ?? 10_000,
    clock: parsed.clock ?? systemClock,
  };
}

/** The URL of a service that is authenticated by TLS, or that runs on this machine. */
export function parseServiceUrl(value: unknown): URL {
  const url = new URL(String(value));
  const isHttp = url.protocol === "https:" || url.protocol === "http:";
  if (isHttp && isSecureTransport(url) && url.username === "" && url.password === "") return url;
  throw new TypeError("not the URL of a service");
}
