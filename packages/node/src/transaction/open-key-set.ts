import type { KeySetSource } from "@firsthand/core";
import type { EndpointState } from "../endpoint/endpoint-state.js";
import { keepFetching } from "../endpoint/keep-fetching.js";
import { KeySetFetcher } from "./key-set-fetcher.js";
import { type KeySetOptions, parseKeySetOptions } from "./key-set-options.js";

/** The keys of an issuer of tokens, kept up to date behind the application. */
export interface KeySet extends KeySetSource, AsyncDisposable {
  /** How it is now. */
  readonly state: EndpointState;
  /**
   * Calls the listener after each change: of the status, of its reason, of the keys. A listener that
   * throws is reported as a process warning and disturbs nobody else.
   *
   * @returns ends the subscription
   */
  subscribe(listener: (state: EndpointState) => void): () => void;
  /** Ends it: from now on it throws `source_closed`. */
  close(): Promise<void>;
}

/**
 * Fetches the JWK Set of a transaction token service, now and then again and again. Resolves when the
 * first answer is there. It keeps no process alive.
 *
 * A key that the service takes away counts no longer after `refreshSeconds`; a new one should be
 * published for as long before it signs. When a fetch fails, the last good keys stay in use until
 * `maxStaleSeconds` are over.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 * @throws {CredentialError} when the first fetch fails: `key_set_unreachable`, `key_set_invalid`
 */
export async function openKeySet(options: KeySetOptions): Promise<KeySet> {
  const rules = parseKeySetOptions(options);
  const { holder, close } = await keepFetching({
    fetcher: new KeySetFetcher(rules),
    initial: undefined,
    maxStaleSeconds: rules.maxStaleSeconds,
    clock: rules.clock,
    subject: "a key set",
  });

  return Object.freeze({
    authorities: () => holder.value.authorities(),
    get state() {
      return holder.state;
    },
    subscribe: (listener: (state: EndpointState) => void) => holder.subscribe(listener),
    close,
    [Symbol.asyncDispose]: close,
  });
}
