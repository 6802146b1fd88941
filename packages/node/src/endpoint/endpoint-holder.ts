import { type Clock, CredentialError } from "@firsthand/core";
import { Subscribers } from "../subscribers.js";
import type { EndpointState } from "./endpoint-state.js";

/** Holds what an endpoint serves for as long as it may be in use, and tells how the endpoint is. */
export class EndpointHolder<T> {
  readonly #clock: Clock;
  readonly #maxStaleMilliseconds: number;
  readonly #subscribers: Subscribers<EndpointState>;
  #value: T;
  #state: EndpointState;
  #age = new AbortController();

  /** @param subject what it is, for the warning about a listener that throws: `a bundle endpoint` */
  constructor(value: T, clock: Clock, maxStaleSeconds: number, subject: string) {
    this.#subscribers = new Subscribers(subject);
    this.#clock = clock;
    this.#maxStaleMilliseconds = maxStaleSeconds * 1000;
    this.#value = value;
    const now = clock.now();
    this.#state = Object.freeze({ status: "ready", reason: undefined, since: now, updatedAt: now });
    this.#watchAge();
  }

  get state(): EndpointState {
    return this.#state;
  }

  /** @throws {CredentialError} `source_expired`, `source_closed` */
  get value(): T {
    const { status, reason } = this.#state;
    if (status !== "expired") return this.#value;
    if (reason?.code === "source_closed") throw reason;
    throw new CredentialError("source_expired", { cause: reason, detail: reason?.message ?? "" });
  }

  subscribe(listener: (state: EndpointState) => void): () => void {
    return this.#subscribers.add(listener);
  }

  /** The endpoint says that this is what it serves now. */
  confirm(value: T): void {
    const isOther = value !== this.#value;
    this.#value = value;
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

  #change(next: Omit<EndpointState, "since">, isOther = false): void {
    const { status, reason, since } = this.#state;
    const isSame = next.status === status && next.reason?.code === reason?.code;
    const begun = next.status === status ? since : this.#clock.now();
    this.#state = Object.freeze({ ...next, since: begun });
    if (isSame && !isOther) return;
    this.#subscribers.tell(this.#state);
  }
}
