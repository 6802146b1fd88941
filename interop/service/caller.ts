import { setTimeout as delay } from "node:timers/promises";
import type { LiveIdentity } from "@firsthand/node";
import type { Call, CallResult, LoadReport } from "./messages.js";

const requestMilliseconds = 10_000;
/** Leaves something of the machine to SPIRE, which shares it. */
const pauseMilliseconds = 2;

/** Makes one request with a proof of this service's identity. */
export async function makeCall(identity: LiveIdentity, call: Call): Promise<CallResult> {
  const { url, peer, content } = call;
  try {
    const fetch = identity.fetch({ peers: { [new URL(url).origin]: peer } });
    const signal = AbortSignal.timeout(requestMilliseconds);
    const init = content === undefined ? { signal } : { method: "POST", body: content, signal };
    const response = await fetch(url, init);
    return { status: response.status, body: await response.json() };
  } catch (error) {
    return { error: codeOf(error) };
  }
}

function codeOf(error: unknown): string {
  const { code, name, message } = error as Error & { readonly code?: unknown };
  return typeof code === "string" ? code : `${name}: ${message}`;
}

/** Requests one after the other for each target, until it is stopped. */
export class Load {
  readonly #identity: LiveIdentity;
  readonly #failures: string[] = [];
  readonly #done: Promise<unknown>;
  #succeeded = 0;
  #stopped = false;

  constructor(identity: LiveIdentity, calls: readonly Call[]) {
    this.#identity = identity;
    this.#done = Promise.all(calls.map((call) => this.#repeat(call)));
  }

  async stop(): Promise<LoadReport> {
    this.#stopped = true;
    await this.#done;
    return { succeeded: this.#succeeded, failures: this.#failures };
  }

  async #repeat(call: Call): Promise<void> {
    while (!this.#stopped) {
      const result = await makeCall(this.#identity, call);
      if ("status" in result && result.status === 200) this.#succeeded += 1;
      else this.#failures.push(JSON.stringify(result));
      await delay(pauseMilliseconds);
    }
  }
}
