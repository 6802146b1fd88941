import type { Awaitable } from "../awaitable.js";

/** Looks at the base64url SHA-256 of all content; throws to refuse it. */
export type AcceptContent = (digest: string) => Awaitable<void>;

/** A received request as a verifier reads it, before any framework changed it. */
export interface ProofRequest {
  /** The method, as the application will act on it. */
  readonly method: string;
  /** The request target as received: path and query, nothing decoded. */
  readonly target: string;
  /** Names and values in the order received, repetitions included. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The content; absent when the request has none. */
  readonly content?: RequestContent | undefined;
  /**
   * What the other end of the TLS connection presented in its handshake: DER, leaf first. The same
   * list for each request of a connection. Absent without TLS, when nothing was presented, and for a
   * resumed session. Never from a header: whoever ends TLS elsewhere is who the peer is.
   */
  readonly peerCertificates?: readonly Uint8Array[] | undefined;
  /**
   * Adds a header field to the response, whatever it will be. Absent where that cannot be done; then
   * no session is opened.
   */
  readonly answer?: ((name: string, value: string) => void) | undefined;
}

/**
 * The content of a request, after transfer decoding and before content decoding. Held back from
 * the application until one of the two methods lets it through.
 */
export interface RequestContent {
  /**
   * Takes in all content and lets it through when `accept` returns; a refusal that `accept` throws
   * or a failure drops the content and rejects.
   *
   * @throws {VerificationError} `body_too_large` above `limit` bytes, `body_aborted`
   * @throws {ConfigurationError} `body_consumed` when something read the content before
   */
  buffered(limit: number, accept: AcceptContent): Promise<void>;
  /**
   * Lets content through as it arrives, and its end only when `accept` returns; otherwise the
   * stream fails with what `accept` threw.
   *
   * @throws {ConfigurationError} `body_consumed` when something read the content before
   */
  streaming(accept: AcceptContent): Awaitable<void>;
}
