import { epochSeconds } from "./clock.js";
import { contextHeaders } from "./context/context-headers.js";
import { ProofError } from "./errors.js";
import { hashBytes, hashText } from "./hash.js";
import { chooseCredential } from "./proof/choose-credential.js";
import type { ProofFormat } from "./proof/format.js";
import { readSecurityHeaders } from "./proof/security-headers.js";
import { signProof } from "./proof/sign-proof.js";
import { carriedTokens, hashTokens } from "./proof/token-hashes.js";
import { findPeer, type ProverOptions, parseProverOptions } from "./prover-options.js";
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
    const tokens = tokensIn(headers, rules.tokenHeaders);
    const proofHeaders = await signProof(chosen, now, {
      audience: `${url.origin}${url.pathname}`,
      method,
      query: url.search === "" ? undefined : await hashText(url.search.slice(1)),
      content: content === undefined ? undefined : await hashBytes(content),
      tokens: await hashTokens(tokens),
    });
    const { format, credential } = chosen;
    const added = [...context, ...proofHeaders];
    return Object.freeze({ headers: added, format, id: credential.id, peer: peer.id });
  }

  return Object.freeze({ prove });
}

/** Reads our own request exactly as the verifier will read it. */
function tokensIn(
  headers: readonly (readonly [string, string])[],
  tokenHeaders: readonly string[],
) {
  try {
    return carriedTokens(headers, readSecurityHeaders(headers), tokenHeaders);
  } catch (cause) {
    throw new ProofError("header_conflict", { cause, detail: (cause as Error).message });
  }
}
