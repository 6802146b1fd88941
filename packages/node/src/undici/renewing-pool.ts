import type {
  Clock,
  SpiffeId,
  TrustBundle,
  WorkloadIdentity,
  X509Credential,
} from "@firsthand/core";
import { Dispatcher, Pool } from "undici";
import { currentSvid } from "../tls/current-svid.js";
import { createConnector } from "./tls-connector.js";

/** What the connections to all origins have in common. */
export interface PoolSettings {
  readonly identity: WorkloadIdentity;
  readonly clock: Clock;
  readonly connectTimeoutMilliseconds: number;
  readonly maxConnectionAgeSeconds: number;
  readonly pool: Pick<Pool.Options, "connections" | "pipelining">;
}

/** Connections that rest on the same: what we present, and the bundle that vouches for the peer. */
interface Generation {
  readonly pool: Pool;
  readonly credential: X509Credential;
  readonly bundle: TrustBundle | undefined;
  /** By the monotonic clock, in milliseconds. */
  readonly openedAt: number;
  /** Seconds since the epoch: when the first certificate that a connection rests on expires. */
  expiresAt: number;
}

/** The connections to one workload. They are replaced when what they rest on is another. */
export class RenewingPool extends Dispatcher {
  readonly #origin: string;
  readonly #expected: SpiffeId;
  readonly #settings: PoolSettings;
  readonly #open = new Set<Pool>();
  #current: Generation | undefined;

  constructor(origin: string, expected: SpiffeId, settings: PoolSettings) {
    super();
    this.#origin = origin;
    this.#expected = expected;
    this.#settings = settings;
  }

  /** @throws {CredentialError} `credential_missing`, `credential_expired`, what the source throws */
  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    return this.#generation().pool.dispatch(options, handler);
  }

  override async close(): Promise<void> {
    await Promise.all([...this.#open].map((pool) => pool.close()));
  }

  override async destroy(error?: unknown): Promise<void> {
    await Promise.all([...this.#open].map((pool) => pool.destroy(error as Error | null)));
  }

  #generation(): Generation {
    const { identity, clock } = this.#settings;
    const credential = currentSvid(identity, clock.now() / 1000);
    const bundle = identity.trustBundle(this.#expected.trustDomain);
    const current = this.#current;
    const isSame = current?.credential === credential && current.bundle === bundle;
    if (current !== undefined && isSame && this.#isFresh(current)) return current;
    if (current !== undefined) void this.#retire(current.pool);
    this.#current = this.#create(credential, bundle);
    return this.#current;
  }

  #isFresh({ openedAt, expiresAt }: Generation): boolean {
    const { clock, maxConnectionAgeSeconds } = this.#settings;
    const ageSeconds = (clock.monotonic() - openedAt) / 1000;
    return ageSeconds < maxConnectionAgeSeconds && clock.now() / 1000 < expiresAt;
  }

  #create(credential: X509Credential, bundle: TrustBundle | undefined): Generation {
    const connect = createConnector(this.#expected, this.#settings, (peer) => {
      generation.expiresAt = Math.min(generation.expiresAt, peer.expiresAt);
    });
    const pool = new Pool(this.#origin, { ...this.#settings.pool, connect });
    pool.on("drain", (...args) => this.emit("drain", ...args));
    this.#open.add(pool);
    const openedAt = this.#settings.clock.monotonic();
    const generation = { pool, credential, bundle, openedAt, expiresAt: credential.expiresAt };
    return generation;
  }

  /** Lets requests under way come to their end. */
  async #retire(pool: Pool): Promise<void> {
    await pool.close();
    this.#open.delete(pool);
  }
}
