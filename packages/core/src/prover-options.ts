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
import { isSignatureFormat, type ProofFormat, proofFormats } from "./proof/format.js";
import { isSecureTransport } from "./proof/secure-transport.js";
import { parseOrigin } from "./proof/target.js";
import type { AnswerRules } from "./session/take-session.js";
import { type CreateResponseCheck, createResponseChecks } from "./signature/response-check.js";
import { parseWorkloadId, type SpiffeId } from "./spiffe/spiffe-id.js";
import type { CredentialSource, TrustSource } from "./trust/trust-source.js";

/** A service that proofs are made for. */
export interface PeerOptions {
  /** The SPIFFE ID that answers there. */
  readonly id: string;
  /**
   * The kinds of proof it accepts, the preferred first; the first is taken that our credentials and
   * the request allow. Default `wpt-02`, `svid-proof-1`, `http-signature-07`, `svid-signature-1`; the
   * last two alone where something is asked for that only a signature can give.
   */
  readonly accept?: readonly ProofFormat[] | undefined;
  /**
   * What goes on to it of the context of the request that is being handled: `transaction` as
   * `Txn-Token`, `user-token` as `Authorization`, and nothing else with an empty list. Default: the
   * Txn-Token where the peer belongs to the trust domain that the token was issued for, and the end
   * user's token never, since whoever has that can use it.
   */
  readonly context?: readonly ContextPart[] | undefined;
  /**
   * Further header fields that the signature of a request covers, where it has them. Default none.
   */
  readonly boundHeaders?: readonly string[] | undefined;
  /**
   * `required`: the request demands a signed response, and one that is not the signed answer of this
   * very peer to this very request is an error. `preferred`: a signed response is welcome. Whatever
   * is asked for, a signature that a response to a signed request has is checked. Default: neither.
   */
  readonly signedResponse?: "required" | "preferred" | undefined;
}

export interface ProverOptions {
  /** Where our credentials come from, and the trust in those who sign responses. */
  readonly identity: CredentialSource & Partial<TrustSource>;
  /**
   * The services that we prove our identity to: origin, such as `https://orders.internal`, to SPIFFE
   * ID. A request to any other origin is refused, so that nobody can make us sign for theirs.
   * `http:` is for loopback only: without server authentication a proof could be taken and used.
   */
  readonly peers: Readonly<Record<string, string | PeerOptions>>;
  /** Further header fields that carry tokens; those present are bound by `oth`. Default none. */
  readonly tokenHeaders?: readonly string[] | undefined;
  /**
   * `on` opens sessions with peers that offer them, and proves requests by session instead of by
   * signature; `signed` only with peers that sign their answer, so that `identity` has to know trust
   * bundles as well. Default `off`. Not with peers for which headers are bound or whose responses are
   * signed. Whoever sends the requests has to give `Proof.answered` every response.
   */
  readonly sessions?: "off" | "on" | "signed" | undefined;
  readonly clock?: Clock | undefined;
}

/** A peer of the map, checked. */
export interface Peer {
  readonly id: SpiffeId;
  readonly accept: readonly ProofFormat[];
  /** Undefined: what is passed on without being asked for. */
  readonly context: readonly ContextPart[] | undefined;
  /** Lower case. */
  readonly boundHeaders: readonly string[];
  readonly signedResponse: "required" | "preferred" | undefined;
}

interface ProverRules {
  readonly identity: CredentialSource;
  readonly peers: ReadonlyMap<string, Peer>;
  /** Lower case. */
  readonly tokenHeaders: readonly string[];
  readonly checkResponse: CreateResponseCheck;
  /** Undefined when no sessions are wanted. */
  readonly sessions: AnswerRules | undefined;
  readonly clock: Clock;
}

const factory = "createProver";
const peerSchema = z.strictObject({
  id: z.string(),
  accept: z.optional(z.array(oneOf(...proofFormats)).check(z.minLength(1))),
  boundHeaders: z.optional(headerFieldNames()),
  signedResponse: z.optional(oneOf("required", "preferred")),
  context: z.optional(z.array(oneOf(...contextParts))),
});

const schema = z.strictObject({
  identity: capability<CredentialSource>("credentials"),
  peers: z.record(
    z.string(),
    z.union([z.string(), peerSchema], {
      error: "must be a SPIFFE ID, or { id, accept, boundHeaders, signedResponse, context }",
    }),
    { error: "must map origins to SPIFFE IDs" },
  ),
  tokenHeaders: z.optional(headerFieldNames()),
  sessions: z.optional(oneOf("off", "on", "signed")),
  clock: z.optional(clockOption),
});

const signatures: readonly ProofFormat[] = ["http-signature-07", "svid-signature-1"];
const defaultAccept: readonly ProofFormat[] = ["wpt-02", "svid-proof-1", ...signatures];

/**
 * Checks the options once and fills in the defaults.
 *
 * @throws {ConfigurationError} naming the option
 */
export function parseProverOptions(options: ProverOptions): ProverRules {
  const parsed = parseOptions(factory, schema, options);
  const { identity, tokenHeaders = [], sessions = "off", clock = systemClock } = parsed;
  const peers = parsePeers(parsed.peers);
  const isTrusting = isTrustSource(identity);
  if (!isTrusting && [...peers.values()].some(({ signedResponse }) => signedResponse)) {
    const problem = "must be an object with trustBundle() as well where a response shall be signed";
    throw invalidOption(factory, "identity", problem);
  }
  if (!isTrusting && sessions === "signed") {
    throw invalidOption(
      factory,
      "identity",
      "must have trustBundle() to take signed sessions only",
    );
  }
  const trust = isTrusting ? identity : { trustBundle: () => undefined };
  const checkResponse = createResponseChecks(trust, clock);
  return Object.freeze({
    identity,
    peers,
    tokenHeaders,
    checkResponse,
    sessions: sessions === "off" ? undefined : { sessions, trust: isTrusting ? trust : undefined },
    clock,
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
  const options: PeerOptions = typeof peer === "string" ? { id: peer } : peer;
  const { boundHeaders = [], signedResponse, context } = options;
  const accept = acceptOf(options, option);
  try {
    const id = parseWorkloadId(options.id, ["spiffe", "wimse"]);
    return [normal, { id, accept, boundHeaders, signedResponse, context }];
  } catch (cause) {
    const problem = `the value must be the SPIFFE ID of a workload: ${(cause as Error).message}`;
    throw invalidOption(factory, option, problem, cause);
  }
}

function acceptOf(
  { accept, boundHeaders = [], signedResponse }: PeerOptions,
  option: string,
): readonly ProofFormat[] {
  const needsSignature = boundHeaders.length > 0 || signedResponse !== undefined;
  if (!needsSignature) return accept ?? defaultAccept;
  if (accept === undefined || accept.every(isSignatureFormat)) return accept ?? signatures;
  const problem = "may list signatures only, where headers are bound or the response is signed";
  throw invalidOption(factory, `${option}.accept`, problem);
}

function isTrustSource(identity: ProverOptions["identity"]): identity is Required<typeof identity> {
  return typeof identity.trustBundle === "function";
}
