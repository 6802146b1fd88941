import { type Clock, parseTrustBundle, type TrustBundle } from "@firsthand/core";
import { EndpointFault, endpointError } from "../endpoint/endpoint-fault.js";
import type { EndpointFetcher } from "../endpoint/keep-fetching.js";
import { withDeadline } from "../with-deadline.js";
import type { BundleEndpointRules } from "./bundle-endpoint-options.js";
import { type ConnectEndpoint, connectEndpoint } from "./connect-endpoint.js";
import { fetchBundleDocument } from "./fetch-bundle-document.js";
import { newerBundle } from "./newer-bundle.js";

const defaultRefreshSeconds = 300;
const minRefreshSeconds = 10;
const maxRefreshSeconds = 86_400;

/** Fetches the bundle of one endpoint, and remembers the newest. */
export class BundleFetcher implements EndpointFetcher<TrustBundle> {
  readonly #rules: BundleEndpointRules;
  readonly #connect: ConnectEndpoint;
  #newest: TrustBundle | undefined;
  #refreshHintSeconds: number | undefined;

  constructor(rules: BundleEndpointRules) {
    this.#rules = rules;
    this.#newest = rules.initialBundle;
    const ownTrust = { trustBundle: () => this.#newest };
    this.#connect = connectEndpoint(rules.profile, ownTrust, rules.clock);
  }

  get intervalMilliseconds(): number {
    const { refreshSeconds, maxStaleSeconds } = this.#rules;
    const wanted = refreshSeconds ?? this.#refreshHintSeconds ?? defaultRefreshSeconds;
    const longest = Math.min(maxRefreshSeconds, maxStaleSeconds / 3);
    return Math.max(minRefreshSeconds, Math.min(wanted, longest)) * 1000;
  }

  /**
   * Fetches the bundle that is to be used from now on. When nothing has changed, it is the same object
   * as before.
   */
  async fetch(clock: Clock, signal: AbortSignal): Promise<TrustBundle> {
    const { url, trustDomain, timeoutMilliseconds: milliseconds } = this.#rules;
    const late = () =>
      new EndpointFault("bundle_endpoint_unreachable", `no answer in ${milliseconds} ms`);
    try {
      const document = await withDeadline({ clock, milliseconds, late, signal }, (ended) =>
        fetchBundleDocument(url, this.#connect, ended),
      );
      const fetched = await parseTrustBundle(trustDomain, document);
      const held = this.#newest;
      this.#newest = held === undefined ? fetched : await newerBundle(held, fetched);
      this.#refreshHintSeconds = fetched.refreshHintSeconds;
      return this.#newest;
    } catch (error) {
      throw endpointError(url, error, "bundle_endpoint_unreachable");
    }
  }
}
