import { epochSeconds } from "./clock.js";
import { contextHeaders } from "./context/context-headers.js";
import { hashBytes } from "./hash.js";
import { chooseCredential } from "./proof/choose-credential.js";
import type { ProofFormat } from "./proof/format.js";
import { makeProof } from "./proof/make-proof.js";
import { findPeer, type ProverOptions, parseProverOptions } from "./prover-options.js";
import type { ResponseCheck } from "./signature/response-check.js";
import type { SpiffeId } from "./spiffe/spiffe-id.js";

/** A request that is about to be sent. */
export interface OutboundRequest {
  /** As it will stand in the request line. */
  readonly method: string;
  readonly url: URL;
  /** Only read: to bind tokens that travel with the request, and to notice conflicts. */
  readonly headers: Iterable<readonly [name: string, value: string]>;
  /** The bytes as they will be sent, after content coding; absent when there is no content. */
  readonly content?: Uint8Array | undefined;
}

/** A proof for one request. Good for that request, once, for a minute. */
export interface Proof {
  /** To be added to the request: the proof, and what of the call context goes to this peer. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly format: ProofFormat;
  /** Who we are in it. */
  readonly id: SpiffeId;
  /** Who is expected to answer. */
  readonly peer: SpiffeId;
  /** What the response is held to; undefined for a proof token, which asks for nothing. */
  readonly response: ResponseCheck | undefined;
}

/** Proves this workload's identity, request by request. */
export interface Prover {
  /**
   * Makes a new proof. A retry is a new request and needs another one.
   *
   * @throws {ProofError} `url_invalid`, `transport_insecure`, `peer_unknown`, `header_conflict`
   * @throws {CredentialError} `credential_missing`, `credential_expired`, `source_not_ready`,
   * `source_closed`
   */
  prove(request: OutboundRequest): Promise<Proof>;
}

/**
 * Makes a prover.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function createProver(options: ProverOptions): Prover {
  const rules = parseProverOptions(options);

  async function prove({ method, url, headers: given, content }: OutboundRequest): Promise<Proof> {
    const peer = findPeer(url, rules.peers);
    const application = [...given];
    const context = contextHeaders(peer, application);
    const headers = [...application, ...context];
    const now = epochSeconds(rules.clock);
    const chosen = chooseCredential(rules.identity.credentials(), peer.accept, headers, now);
    const { format, credential } = chosen;
    const subject = {
      method,
      target: { path: url.pathname, query: url.search === "" ? undefined : url.search.slice(1) },
      headers,
      audience: `${url.origin}${url.pathname}`,
      contentDigest: content === undefined ? undefined : await hashBytes(content),
      tokenHeaders: rules.tokenHeaders,
      boundHeaders: peer.boundHeaders,
      signedResponse: peer.signedResponse,
    };
    const { headers: made, answered } = await makeProof(chosen, subject, now);
    const response = answered && rules.checkResponse(answered, peer);
    const added = [...context, ...made];
    return Object.freeze({ headers: added, format, id: credential.id, peer: peer.id, response });
  }

  return Object.freeze({ prove });
}
