import { type Clock, type KeySetSource, parseKeySet } from "@firsthand/core";
import { EndpointFault, endpointError } from "../endpoint/endpoint-fault.js";
import type { EndpointFetcher } from "../endpoint/keep-fetching.js";
import { globalDispatchers, refuseInsecureTransport } from "../insecure-transport.js";
import type { KeySetRules } from "./key-set-options.js";
import { requestService } from "./request-service.js";

const fault = (problem: string) => new EndpointFault("key_set_unreachable", problem);

/** Fetches the JWK Set at one URL, and remembers the newest. */
export class KeySetFetcher implements EndpointFetcher<KeySetSource> {
  readonly #rules: KeySetRules;
  #content: Buffer | undefined;
  #keys: KeySetSource | undefined;

  constructor(rules: KeySetRules) {
    this.#rules = rules;
  }

  get intervalMilliseconds(): number {
    const { refreshSeconds, maxStaleSeconds } = this.#rules;
    return Math.max(10, Math.min(refreshSeconds, maxStaleSeconds / 3)) * 1000;
  }

  /** Fetches the keys that are to be used from now on; the same object when nothing has changed. */
  async fetch(clock: Clock, signal: AbortSignal): Promise<KeySetSource> {
    const { url } = this.#rules;
    try {
      refuseInsecureTransport(url, globalDispatchers());
      const request = { ...this.#rules, clock, signal, fault };
      const { status, content } = await requestService(request, {
        headers: { accept: "application/json" },
      });
      if (status !== 200) throw fault(`status ${status}`);
      if (this.#keys === undefined || this.#content?.equals(content) !== true) {
        this.#keys = await parseKeySet(content);
        this.#content = Buffer.from(content);
      }
      return this.#keys;
    } catch (error) {
      throw endpointError(url, error, "key_set_unreachable");
    }
  }
}
