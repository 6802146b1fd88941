import type { WorkloadIdentity } from "@firsthand/core";
import type { FetchOptions } from "../create-fetch.js";
import type { IdentityState } from "./identity-state.js";

/**
 * An identity that is kept up to date behind the application. Its credentials and bundles are
 * snapshots, replaced as a whole; take them anew for each use.
 */
export interface LiveIdentity extends WorkloadIdentity, AsyncDisposable {
  /** How it is now. */
  readonly state: IdentityState;
  /**
   * Calls the listener after each change: of the status, of its reason, of credentials or bundles; the
   * last time when it is closed. A listener that throws is reported as a process warning and disturbs
   * nobody else.
   *
   * @returns ends the subscription
   */
  subscribe(listener: (state: IdentityState) => void): () => void;
  /**
   * Makes a fetch that proves this identity to the peers; see `createFetch`.
   *
   * @throws {ConfigurationError} naming the option that is wrong
   */
  fetch(options: Omit<FetchOptions, "identity">): typeof globalThis.fetch;
  /** Ends it: from now on it throws `source_closed`, and its keys are dropped. */
  close(): Promise<void>;
}
