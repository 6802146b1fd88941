import type { TLSSocket } from "node:tls";
import {
  type ValidatedX509Svid,
  VerificationError,
  validateX509Svid,
  type X509Credential,
} from "@firsthand/core";
import { presentedCertificates } from "@firsthand/core/http";
import type { LiveContext } from "./live-context.js";
import type { ServerRules } from "./server-options.js";

/** Where a socket keeps its connection; what HTTP/2 calls sockets are proxies that know it too. */
const slot = Symbol("firsthand mutual TLS");

/** One connection of a mutual TLS server: who is at the other end, for as long as that holds. */
export class PeerConnection {
  /** What the peer presented, leaf first. */
  readonly chain: readonly Uint8Array[];
  readonly #rules: ServerRules;
  readonly #context: LiveContext;
  readonly #ours: X509Credential | undefined;
  readonly #openedAt: number;
  #verdict: ValidatedX509Svid | undefined;

  constructor(socket: TLSSocket, context: LiveContext, rules: ServerRules) {
    this.chain = presentedCertificates(socket) ?? [];
    this.#rules = rules;
    this.#context = context;
    this.#ours = context.presented;
    this.#openedAt = rules.clock.monotonic();
  }

  /** The connection of a socket whose peer was let in. */
  static of(socket: unknown): PeerConnection | undefined {
    const held: unknown = socket === undefined ? undefined : Reflect.get(socket as object, slot);
    return held instanceof PeerConnection ? held : undefined;
  }

  attachTo(socket: TLSSocket): void {
    Reflect.set(socket, slot, this);
  }

  /**
   * Whether the verdict on the peer still holds: none of its certificates has expired since, and the
   * bundle of its trust domain is the same.
   */
  holds(): boolean {
    const { clock, identity } = this.#rules;
    const verdict = this.#verdict;
    if (verdict === undefined || clock.now() / 1000 >= verdict.expiresAt) return false;
    try {
      return identity.trustBundle(verdict.id.trustDomain) === verdict.bundle;
    } catch {
      return false;
    }
  }

  /**
   * Validates what the peer presented against the bundle of its own trust domain, which no other
   * domain's authorities can stand in for, and looks it up among the peers.
   *
   * @throws {VerificationError} with a `certificate_…` code, `trust_domain_unknown`,
   * `trust_bundle_empty`, `trust_unavailable`, `caller_forbidden`
   */
  async verify(): Promise<void> {
    const { clock, identity, peers } = this.#rules;
    const now = Math.floor(clock.now() / 1000);
    const svid = await validateX509Svid(this.chain, identity, { now, skewSeconds: 0 });
    if (!peers.allows(svid.id)) throw new VerificationError("caller_forbidden");
    this.#verdict = svid;
  }

  /** Whether a new connection should take its place: it is old, or what we present is another now. */
  isOutdated(): boolean {
    const { clock, maxConnectionAgeSeconds } = this.#rules;
    const ageSeconds = (clock.monotonic() - this.#openedAt) / 1000;
    return ageSeconds >= maxConnectionAgeSeconds || !this.#context.isCurrent(this.#ours);
  }
}

/** Goes on in a microtask of its own, so that what a listener throws is an uncaught exception. */
export function whenVerified(
  connection: PeerConnection,
  accept: () => void,
  refuse: (error: Error) => void,
): true {
  connection.verify().then(() => queueMicrotask(accept), refuse);
  return true;
}
