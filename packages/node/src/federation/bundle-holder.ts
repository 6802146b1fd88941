import { type Clock, CredentialError, type TrustBundle } from "@firsthand/core";
import { Subscribers } from "../subscribers.js";
import type { BundleEndpointState } from "./bundle-endpoint-state.js";

/** Holds the bundle of an endpoint for as long as it may be in use, and tells how the endpoint is. */
export class BundleHolder {
  readonly #clock: Clock;
  readonly #maxStaleMilliseconds: number;
  readonly #subscribers = new Subscribers<BundleEndpointState>("a bundle endpoint");
  #bundle: TrustBundle;
  #state: BundleEndpointState;
  #age = new AbortController();

  constructor(bundle: TrustBundle, clock: Clock, maxStaleSeconds: number) {
    this.#clock = clock;
    this.#maxStaleMilliseconds = maxStaleSeconds * 1000;
    this.#bundle = bundle;
    const now = clock.now();
    this.#state = Object.freeze({ status: "ready", reason: undefined, since: now, updatedAt: now });
    this.#watchAge();
  }

  get state(): BundleEndpointState {
    return this.#state;
  }

  /** @throws {CredentialError} `source_expired`, `source_closed` */
  get bundle(): TrustBundle {
    const { status, reason } = this.#state;
    if (status !== "expired") return this.#bundle;
    if (reason?.code === "source_closed") throw reason;
    throw new CredentialError("source_expired", { cause: reason, detail: reason?.message ?? "" });
  }

  subscribe(listener: (state: BundleEndpointState) => void): () => void {
    return this.#subscribers.add(listener);
  }

  /** The endpoint says that this is its bundle. */
  confirm(bundle: TrustBundle): void {
    const isOther = bundle !== this.#bundle;
    this.#bundle = bundle;
    this.#watchAge();
    this.#change({ status: "ready", reason: undefined, updatedAt: this.#clock.now() }, isOther);
  }

  /** The endpoint says nothing that can be accepted. */
  degrade(reason: CredentialError): void {
    const { status, updatedAt } = this.#state;
    this.#change({ status: status === "ready" ? "stale" : status, reason, updatedAt });
  }

  /** The last change: listeners hear of it. */
  close(): void {
    this.#age.abort();
    const { updatedAt } = this.#state;
    this.#change({ status: "expired", reason: new CredentialError("source_closed"), updatedAt });
    this.#subscribers.clear();
  }

  #watchAge(): void {
    this.#age.abort();
    this.#age = new AbortController();
    const expire = () => this.#change({ ...this.#state, status: "expired" });
    this.#clock.delay(this.#maxStaleMilliseconds, this.#age.signal).then(expire, () => undefined);
  }

  #change(next: Omit<BundleEndpointState, "since">, isOther = false): void {
    const { status, reason, since } = this.#state;
    const isSame = next.status === status && next.reason?.code === reason?.code;
    const begun = next.status === status ? since : this.#clock.now();
    this.#state = Object.freeze({ ...next, since: begun });
    if (isSame && !isOther) return;
    this.#subscribers.tell(this.#state);
  }
}
