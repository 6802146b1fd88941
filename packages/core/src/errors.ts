import { FramelessError } from "./frameless-error.js";
import { refusalCodes, type VerificationCode } from "./refusal-codes.js";

/** Which token of the request a refusal is about. */
export type TokenKind =
  | "jwt-svid"
  | "wit-svid"
  | "wpt"
  | "svid-proof"
  | "http-signature"
  | "svid-session"
  | "txn-token";

/**
 * The caller is not who it has to be, or may not do what it asks.
 *
 * The message is constant for each code: no token and no text of the peer is ever in it.
 */
export class VerificationError extends FramelessError {
  override readonly name = "VerificationError";
  /** Exact cause. */
  readonly code: VerificationCode;
  /** The token it is about, where it is about one. */
  readonly token: TokenKind | undefined;

  constructor(
    code: VerificationCode,
    options: { cause?: unknown; token?: TokenKind | undefined } = {},
  ) {
    const about = options.token === undefined ? "" : ` (${options.token})`;
    super(`${refusalCodes[code].message}${about}`, { cause: options.cause });
    this.code = code;
    this.token = options.token;
  }
}

const credentialMessages = {
  source_not_ready: "the identity source has no state yet",
  source_expired: "the identity source has nothing left that is valid",
  source_closed: "the identity source was closed",

  // the Workload API
  endpoint_unreachable: "nothing answers at the address of the Workload API",
  endpoint_forbidden: "this process may not open the socket of the Workload API",
  endpoint_untrusted: "the socket of the Workload API could belong to somebody else",
  endpoint_unavailable: "the Workload API is not available",
  endpoint_stalled: "the Workload API fell silent",
  endpoint_refused: "the Workload API refused the call as wrong",
  endpoint_unsupported: "the Workload API does not offer this profile",
  workload_unregistered: "the Workload API has no identity for this process",
  response_malformed: "the Workload API does not speak its protocol",
  response_too_large: "the Workload API sent more than the limit",
  response_invalid: "the Workload API sent a state that is not valid",

  // SVID files
  file_unreadable: "a file of the identity cannot be read",
  file_invalid: "a file of the identity does not hold what it has to hold",

  // our own identity
  identity_unexpected: "the identity is not the one that was asked for",
  trust_domain_unexpected: "the identity belongs to another trust domain",
  credential_missing: "the identity source holds no credential that fits the request",
  credential_expired: "the credential has expired",
  credential_invalid: "the credential does not meet its profile",
  credential_key_mismatch: "the private key does not belong to the credential",
  bundle_invalid: "the trust bundle is not a valid SPIFFE bundle document",
  bundle_too_large: "the trust bundle is larger than the limit",
  bundle_key_duplicate: "the trust bundle uses a kid twice",
  bundle_key_private: "the trust bundle holds private or symmetric key material",
  bundle_rollback:
    "the trust bundle has other authorities and no higher sequence than the one that is held",
  bundle_endpoint_unreachable: "the bundle endpoint gave no usable answer",
  bundle_endpoint_untrusted: "the bundle endpoint is not the one that was configured",

  // Txn-Tokens
  key_set_invalid: "the key set is not a usable JWK Set",
  key_set_unreachable: "the URL of the key set gave no usable answer",
  txn_token_unavailable: "the transaction token service gave no usable answer",
  txn_token_refused: "the transaction token service refused to issue a Txn-Token",
  txn_token_invalid: "the transaction token service issued something else than was asked for",
} as const;

/** What is wrong with our own identity or trust material. */
export type CredentialErrorCode = keyof typeof credentialMessages;

/**
 * Our own credential or trust material is missing or unusable. The message ends with the rule that
 * is broken, where there is one; `cause` has its code.
 */
export class CredentialError extends Error {
  override readonly name = "CredentialError";
  readonly code: CredentialErrorCode;

  constructor(code: CredentialErrorCode, options: { cause?: unknown; detail?: string } = {}) {
    const { cause } = options;
    const detail = options.detail ?? (cause instanceof VerificationError ? cause.message : "");
    super([credentialMessages[code], detail].filter(Boolean).join(": "), { cause });
    this.code = code;
  }
}

const proofMessages = {
  peer_unknown: "no peer is configured for the origin, so no proof is made for it",
  url_invalid: "the URL cannot be proved",
  transport_insecure: "the transport does not authenticate the server",
  peer_untrusted: "the server did not show a certificate that its trust domain vouches for",
  peer_unexpected: "the server is another workload than the one that is configured",
  header_conflict: "the request already has a header that the proof needs",
  body_too_large: "the body is longer than the limit, so it cannot be bound",
  body_unsupported: "the body has a type that cannot be bound",
  response_unsigned: "the response is not signed, and a signed one is required",
  response_invalid: "the signature of the response does not hold",
  response_too_large: "the response is longer than the limit, so its signature cannot be checked",
  redirect_refused: "the server answered with a redirect, and a proof is never sent on",
} as const;

/** Why an outbound request was not proved or not completed. */
export type ProofErrorCode = keyof typeof proofMessages;

/**
 * An outbound request cannot be proved, or its response is not what was asked for. Nothing was sent,
 * except with `redirect_refused`, the `response_…` codes and the `peer_unexpected` of a response.
 */
export class ProofError extends Error {
  override readonly name = "ProofError";
  readonly code: ProofErrorCode;

  constructor(code: ProofErrorCode, options: { cause?: unknown; detail?: string } = {}) {
    const detail = options.detail === undefined ? "" : `: ${options.detail}`;
    super(`${proofMessages[code]}${detail}`, { cause: options.cause });
    this.code = code;
  }
}

/** What the programmer has to change. */
export type ConfigurationErrorCode =
  | "option_invalid"
  | "body_consumed"
  | "response_started"
  | "caller_unverified"
  | "transaction_unverified"
  | "context_widened"
  | "key_not_exportable"
  | "clock_unsound"
  | "cryptography_unsound";

/** The program is set up wrongly. Thrown at construction where it can be known there. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly code: ConfigurationErrorCode;
  /** Path of the option, such as `peers["https://orders.internal"]`, where it is about one. */
  readonly option: string | undefined;

  constructor(
    code: ConfigurationErrorCode,
    message: string,
    options: { cause?: unknown; option?: string } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.option = options.option;
  }
}
