import {
  type Clock,
  capability,
  clockOption,
  type PeerOptions,
  ProofError,
  parseOptions,
  systemClock,
  type WorkloadIdentity,
  wholeNumber,
} from "@firsthand/core";
import { Agent } from "undici";
import * as z from "zod/mini";
import { parsePeerOrigins } from "./peer-origins.js";
import { RenewingPool } from "./renewing-pool.js";

export interface MutualTlsOptions {
  /** What we present, and whom we trust: asked anew with each request. */
  readonly identity: WorkloadIdentity;
  /**
   * Who answers where: origin, such as `https://orders.internal`, to SPIFFE ID. The same map as for
   * `createFetch` does; which proofs a peer accepts means nothing here. Any other origin is refused.
   */
  readonly peers: Readonly<Record<string, string | PeerOptions>>;
  /** How many connections each origin gets. Default: as many as there are requests at once. */
  readonly connections?: number | undefined;
  /** How many requests may be under way on one connection. Default 1. */
  readonly pipelining?: number | undefined;
  /** Default 10000. */
  readonly connectTimeoutMilliseconds?: number | undefined;
  /** How long a connection is used for new requests. Default 3600. */
  readonly maxConnectionAgeSeconds?: number | undefined;
  readonly clock?: Clock | undefined;
}

const schema = z.strictObject({
  identity: capability<WorkloadIdentity>("credentials", "trustBundle"),
  peers: z.record(z.string(), z.union([z.string(), z.looseObject({ id: z.string() })]), {
    error: "must map origins to SPIFFE IDs",
  }),
  connections: z.optional(wholeNumber(1, 10_000)),
  pipelining: z.optional(wholeNumber(1, 1000)),
  connectTimeoutMilliseconds: z.optional(wholeNumber(1, 600_000)),
  maxConnectionAgeSeconds: z.optional(wholeNumber(1, 7 * 86_400)),
  clock: z.optional(clockOption),
});

const factoryName = "mutualTlsDispatcher";

/**
 * Makes a dispatcher for undici that speaks mutual TLS 1.3 with the configured peers and with nobody
 * else. It presents our current X.509-SVID and accepts, at each origin, the one SPIFFE ID that is
 * expected there: on the word of that trust domain alone, whatever DNS says, and before a byte of a
 * request is sent. It speaks HTTP/1.1.
 *
 * Renewed credentials, changed bundles, an expired certificate of the peer and old age each make the
 * next request use a new connection; requests under way are finished on the old one.
 *
 * Together with a proof for each request:
 * `createFetch({ identity, peers, fetch: (url, init) => undici.fetch(url, { ...init, dispatcher }) })`.
 *
 * Requests fail with `ProofError` (`peer_unknown`, `peer_untrusted`, `peer_unexpected`) or
 * `CredentialError` (`credential_missing`, `credential_expired`, and what the source throws), which
 * `undici.fetch` puts in the `cause` of its `TypeError`.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function mutualTlsDispatcher(options: MutualTlsOptions): Agent {
  const parsed = parseOptions(factoryName, schema, options);
  const peers = parsePeerOrigins(factoryName, parsed.peers);
  const settings = {
    identity: parsed.identity,
    clock: parsed.clock ?? systemClock,
    connectTimeoutMilliseconds: parsed.connectTimeoutMilliseconds ?? 10_000,
    maxConnectionAgeSeconds: parsed.maxConnectionAgeSeconds ?? 3600,
    pool: { connections: parsed.connections ?? null, pipelining: parsed.pipelining ?? 1 },
  };
  return new Agent({
    factory(given) {
      const { origin } = new URL(given);
      const expected = peers.get(origin);
      if (expected === undefined) throw new ProofError("peer_unknown", { detail: origin });
      return new RenewingPool(origin, expected, settings);
    },
  });
}
