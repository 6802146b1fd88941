import type {
  Clock,
  CredentialError,
  TrustBundle,
  TrustDomain,
  TrustSource,
} from "@firsthand/core";
import { backgroundClock } from "../identity/background-clock.js";
import {
  type BundleEndpointOptions,
  type BundleEndpointRules,
  parseBundleEndpointOptions,
} from "./bundle-endpoint-options.js";
import type { BundleEndpointState } from "./bundle-endpoint-state.js";
import { BundleFetcher } from "./bundle-fetcher.js";
import { BundleHolder } from "./bundle-holder.js";

/** The bundle of one foreign trust domain, kept up to date behind the application. */
export interface BundleEndpoint extends TrustSource, AsyncDisposable {
  readonly trustDomain: TrustDomain;
  /**
   * The newest bundle of its own trust domain, and `undefined` for every other.
   *
   * @throws {CredentialError} `source_expired`, `source_closed`
   */
  trustBundle(trustDomain: TrustDomain): TrustBundle | undefined;
  /** How it is now. */
  readonly state: BundleEndpointState;
  /**
   * Calls the listener after each change: of the status, of its reason, of the bundle. A listener that
   * throws is reported as a process warning and disturbs nobody else.
   *
   * @returns ends the subscription
   */
  subscribe(listener: (state: BundleEndpointState) => void): () => void;
  /** Ends it: from now on it throws `source_closed`. */
  close(): Promise<void>;
}

/**
 * Fetches the bundle of a foreign trust domain from its bundle endpoint (SPIFFE Federation §5), now
 * and then again and again. Resolves when the first answer is there. It keeps no process alive.
 *
 * When a fetch fails, the last good bundle stays in use until `maxStaleSeconds` are over, and the next
 * attempt is made when it would have been made anyway. Authorities are replaced only by a bundle with
 * a higher `spiffe_sequence`, where the one that is held has one; after a publisher has lost count,
 * open the endpoint anew.
 *
 * ```ts
 * const partner = await openBundleEndpoint({
 *   trustDomain: "partner.example",
 *   url: "https://spiffe.partner.example/bundle.json",
 *   profile: "https_web",
 * });
 * const identity = federate(await openWorkloadIdentity(), partner);
 * ```
 *
 * @throws {ConfigurationError} naming the option that is wrong
 * @throws {CredentialError} without an `initialBundle`, when the first fetch fails:
 * `bundle_endpoint_unreachable`, `bundle_endpoint_untrusted`, `bundle_invalid`, `bundle_too_large`,
 * `bundle_key_duplicate`, `bundle_key_private`
 */
export async function openBundleEndpoint(options: BundleEndpointOptions): Promise<BundleEndpoint> {
  const rules = parseBundleEndpointOptions(options);
  const clock = backgroundClock(rules.clock);
  const closing = new AbortController();
  const fetcher = new BundleFetcher(rules);
  const holder = await firstBundle(fetcher, rules, clock, closing.signal);
  const polling = poll(fetcher, holder, clock, closing.signal);

  async function close(): Promise<void> {
    closing.abort();
    await polling;
    holder.close();
  }

  return Object.freeze({
    trustDomain: rules.trustDomain,
    trustBundle: (name: TrustDomain) => (name === rules.trustDomain ? holder.bundle : undefined),
    get state() {
      return holder.state;
    },
    subscribe: (listener: (state: BundleEndpointState) => void) => holder.subscribe(listener),
    close,
    [Symbol.asyncDispose]: close,
  });
}

async function firstBundle(
  fetcher: BundleFetcher,
  { initialBundle, maxStaleSeconds, clock: foreground }: BundleEndpointRules,
  clock: Clock,
  signal: AbortSignal,
): Promise<BundleHolder> {
  try {
    return new BundleHolder(await fetcher.fetch(foreground, signal), clock, maxStaleSeconds);
  } catch (error) {
    if (initialBundle === undefined) throw error;
    const holder = new BundleHolder(initialBundle, clock, maxStaleSeconds);
    holder.degrade(error as CredentialError);
    return holder;
  }
}

async function poll(
  fetcher: BundleFetcher,
  holder: BundleHolder,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.delay(fetcher.intervalMilliseconds, signal);
      holder.confirm(await fetcher.fetch(clock, signal));
    } catch (error) {
      if (!signal.aborted) holder.degrade(error as CredentialError);
    }
  }
}
