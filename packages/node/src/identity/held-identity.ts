import type { Credential, TrustBundle, TrustDomain } from "@firsthand/core";
import { createFetch, type FetchOptions } from "../create-fetch.js";
import type { IdentityHolder } from "./identity-holder.js";
import type { IdentityState } from "./identity-state.js";
import type { LiveIdentity } from "./live-identity.js";

/** A live identity over a holder that some source keeps up to date. */
export class HeldIdentity implements LiveIdentity {
  readonly #holder: IdentityHolder;
  readonly #release: () => Promise<void>;
  #closed: Promise<void> | undefined;

  /** @param release ends the source; called once */
  constructor(holder: IdentityHolder, release: () => Promise<void>) {
    this.#holder = holder;
    this.#release = release;
  }

  get state(): IdentityState {
    return this.#holder.state;
  }

  credentials(): readonly Credential[] {
    return this.#holder.credentials();
  }

  trustBundle(trustDomain: TrustDomain): TrustBundle | undefined {
    return this.#holder.trustBundle(trustDomain);
  }

  subscribe(listener: (state: IdentityState) => void): () => void {
    return this.#holder.subscribe(listener);
  }

  fetch(options: Omit<FetchOptions, "identity">): typeof globalThis.fetch {
    return createFetch({ ...options, identity: this });
  }

  close(): Promise<void> {
    this.#holder.close();
    this.#closed ??= this.#release();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
