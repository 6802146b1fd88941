import {
  type Clock,
  capability,
  clockOption,
  oneOf,
  parseOptions,
  systemClock,
  type WorkloadIdentity,
  wholeNumber,
} from "@firsthand/core";
import * as z from "zod/mini";
import type { MinTlsVersion } from "./context-options.js";
import { type PeerList, parsePeerList } from "./peer-list.js";

export interface MutualTlsServerOptions {
  /** What the server presents, and whom it trusts: asked anew at each handshake and request. */
  readonly identity: WorkloadIdentity;
  /**
   * Who may connect: SPIFFE IDs of workloads, such as `spiffe://shop.example/checkout`, or of whole
   * trust domains, such as `spiffe://shop.example`. Nobody else gets as far as a request.
   */
  readonly peers: readonly string[];
  /**
   * The oldest version of TLS. Default `TLSv1.3`, in which certificates travel encrypted and no
   * renegotiation exists. `TLSv1.2` is for clients that have nothing better, such as Envoy by default.
   */
  readonly minVersion?: MinTlsVersion | undefined;
  /** How long a connection is used for new requests. Default 3600. */
  readonly maxConnectionAgeSeconds?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** The options with defaults filled in. */
export interface ServerRules {
  readonly identity: WorkloadIdentity;
  readonly peers: PeerList;
  readonly minVersion: MinTlsVersion;
  readonly maxConnectionAgeSeconds: number;
  readonly clock: Clock;
}

const factory = "mutualTlsServer";
const peersProblem = "must list at least one SPIFFE ID; nobody else may connect";

const schema = z.strictObject({
  identity: capability<WorkloadIdentity>("credentials", "trustBundle"),
  peers: z
    .array(z.string({ error: peersProblem }), { error: peersProblem })
    .check(z.minLength(1, { error: peersProblem })),
  minVersion: z.optional(oneOf("TLSv1.2", "TLSv1.3")),
  maxConnectionAgeSeconds: z.optional(wholeNumber(1, 7 * 86_400)),
  clock: z.optional(clockOption),
});

/**
 * Checks the options once and fills in the defaults.
 *
 * @throws {ConfigurationError} naming the option
 */
export function parseServerOptions(options: MutualTlsServerOptions): ServerRules {
  const parsed = parseOptions(factory, schema, options);
  return {
    identity: parsed.identity,
    peers: parsePeerList(factory, parsed.peers),
    minVersion: parsed.minVersion ?? "TLSv1.3",
    maxConnectionAgeSeconds: parsed.maxConnectionAgeSeconds ?? 3600,
    clock: parsed.clock ?? systemClock,
  };
}
