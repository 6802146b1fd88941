import * as z from "zod/mini";
import { type Clock, systemClock } from "./clock.js";
import { type ContextPart, contextParts } from "./context/context-headers.js";
import { ProofError } from "./errors.js";
import {
  capability,
  clockOption,
  headerFieldNames,
  invalidOption,
  oneOf,
  parseOptions,
} from "./options.js";
import { type ProofFormat, proofFormats } from "./proof/format.js";
import { isSecureTransport } from "./proof/secure-transport.js";
import { parseOrigin } from "./proof/target.js";
import { parseWorkloadId, type SpiffeId } from "./spiffe/spiffe-id.js";
import type { CredentialSource } from "./trust/trust-source.js";

/** A service that proofs are made for. */
export interface PeerOptions {
  /** The SPIFFE ID that answers there. */
  readonly id: string;
  /** The kinds of proof it accepts, the preferred first. Default `wpt-02`, then `svid-proof-1`. */
  readonly accept?: readonly ProofFormat[] | undefined;
  /**
   * What goes on to it of the context of the request that is being handled: `transaction` as
   * `Txn-Token`, `user-token` as `Authorization`, and nothing else with an empty list. Default: the
   * Txn-Token where the peer belongs to the trust domain that the token was issued for, and the end
   * user's token never, since whoever has that can use it.
   */
  readonly context?: readonly ContextPart[] | undefined;
}

export interface ProverOptions {
  /** Where our credentials come from. */
  readonly identity: CredentialSource;
  /**
   * The services that we prove our identity to: origin, such as `https://orders.internal`, to SPIFFE
   * ID. A request to any other origin is refused, so that nobody can make us sign for theirs.
   * `http:` is for loopback only: without server authentication a proof could be taken and used.
   */
  readonly peers: Readonly<Record<string, string | PeerOptions>>;
  /** Further header fields that carry tokens; those present are bound by `oth`. Default none. */
  readonly tokenHeaders?: readonly string[] | undefined;
  readonly clock?: Clock | undefined;
}

/** A peer of the map, checked. */
export interface Peer {
  readonly id: SpiffeId;
  readonly accept: readonly ProofFormat[];
  /** Undefined: what is passed on without being asked for. */
  readonly context: readonly ContextPart[] | undefined;
}

interface ProverRules {
  readonly identity: CredentialSource;
  readonly peers: ReadonlyMap<string, Peer>;
  /** Lower case. */
  readonly tokenHeaders: readonly string[];
  readonly clock: Clock;
}

const factory = "createProver";
const acceptSchema = z.array(oneOf(...proofFormats)).check(z.minLength(1));

const peerSchema = z.strictObject({
  id: z.string(),
  accept: z.optional(acceptSchema),
  context: z.optional(z.array(oneOf(...contextParts))),
});

const schema = z.strictObject({
  identity: capability<CredentialSource>("credentials"),
  peers: z.record(
    z.string(),
    z.union([z.string(), peerSchema], { error: "must be a SPIFFE ID, or { id, accept, context }" }),
    { error: "must map origins to SPIFFE IDs" },
  ),
  tokenHeaders: z.optional(headerFieldNames()),
  clock: z.optional(clockOption),
});

const defaultAccept: readonly ProofFormat[] = ["wpt-02", "svid-proof-1"];

/**
 * Checks the options once and fills in the defaults.
 *
 * @throws {ConfigurationError} naming the option
 */
export function parseProverOptions(options: ProverOptions): ProverRules {
  const { identity, peers, tokenHeaders = [], clock } = parseOptions(factory, schema, options);
  return Object.freeze({
    identity,
    peers: parsePeers(peers),
    tokenHeaders,
    clock: clock ?? systemClock,
  });
}

/**
 * Finds out whether a URL is one that we prove our identity to.
 *
 * @throws {ProofError} `url_invalid`, `transport_insecure`, `peer_unknown`
 */
export function findPeer(url: URL, peers: ReadonlyMap<string, Peer>): Peer {
  if (url.username !== "" || url.password !== "") {
    throw new ProofError("url_invalid", { detail: "it has user information" });
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new ProofError("url_invalid", { detail: "it is neither https: nor http:" });
  }
  if (!isSecureTransport(url)) {
    throw new ProofError("transport_insecure", { detail: `${url.origin} is plain http:` });
  }
  const peer = peers.get(url.origin);
  if (peer === undefined) throw new ProofError("peer_unknown", { detail: url.origin });
  return peer;
}

function parsePeers(peers: ProverOptions["peers"]): ReadonlyMap<string, Peer> {
  const byOrigin = new Map<string, Peer>();
  for (const [key, value] of Object.entries(peers)) {
    const [origin, peer] = parsePeer(key, value);
    if (byOrigin.has(origin)) {
      throw invalidOption(factory, optionOf(key), "names an origin a second time");
    }
    byOrigin.set(origin, peer);
  }
  return byOrigin;
}

function optionOf(origin: string): string {
  return `peers[${JSON.stringify(origin)}]`;
}

function parsePeer(origin: string, peer: string | PeerOptions): [origin: string, peer: Peer] {
  const option = optionOf(origin);
  const normal = parseOrigin(origin);
  if (normal === undefined) {
    const problem = "the key must be an origin, such as https://orders.internal, without a path";
    throw invalidOption(factory, option, problem);
  }
  if (!isSecureTransport(new URL(normal))) {
    throw invalidOption(factory, option, "plain http: is for loopback only; use https:");
  }
  const {
    id,
    accept = defaultAccept,
    context,
  }: PeerOptions = typeof peer === "string" ? { id: peer } : peer;
  try {
    return [normal, { id: parseWorkloadId(id, ["spiffe", "wimse"]), accept, context }];
  } catch (cause) {
    const problem = `the value must be the SPIFFE ID of a workload: ${(cause as Error).message}`;
    throw invalidOption(factory, option, problem, cause);
  }
}
