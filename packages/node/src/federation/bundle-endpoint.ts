import type { TrustBundle, TrustDomain, TrustSource } from "@firsthand/core";
import type { EndpointState } from "../endpoint/endpoint-state.js";
import { keepFetching } from "../endpoint/keep-fetching.js";
import {
  type BundleEndpointOptions,
  parseBundleEndpointOptions,
} from "./bundle-endpoint-options.js";
import { BundleFetcher } from "./bundle-fetcher.js";

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
  readonly state: EndpointState;
  /**
   * Calls the listener after each change: of the status, of its reason, of the bundle. A listener that
   * throws is reported as a process warning and disturbs nobody else.
   *
   * @returns ends the subscription
   */
  subscribe(listener: (state: EndpointState) => void): () => void;
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
  const { holder, close } = await keepFetching({
    fetcher: new BundleFetcher(rules),
    initial: rules.initialBundle,
    maxStaleSeconds: rules.maxStaleSeconds,
    clock: rules.clock,
    subject: "a bundle endpoint",
  });

  return Object.freeze({
    trustDomain: rules.trustDomain,
    trustBundle: (name: TrustDomain) => (name === rules.trustDomain ? holder.value : undefined),
    get state() {
      return holder.state;
    },
    subscribe: (listener: (state: EndpointState) => void) => holder.subscribe(listener),
    close,
    [Symbol.asyncDispose]: close,
  });
}
