/** What a caller is told, and with which status, for each cause of a refusal. */
export interface RefusalRule {
  /** HTTP status of the answer. */
  readonly status: 400 | 401 | 403 | 413 | 431 | 501 | 503;
  /** The coarse code that the caller sees; it tells a category and nothing that helps an attacker. */
  readonly publicCode: PublicCode;
  /** The constant sentence for operators, in `error.message`. */
  readonly message: string;
}

/** The coarse codes of problem documents. Stable: clients may branch on them. */
export type PublicCode =
  | "proof_required"
  | "proof_invalid"
  | "session_unknown"
  | "signature_required"
  | "credential_invalid"
  | "request_invalid"
  | "forbidden"
  | "content_too_large"
  | "headers_too_large"
  | "response_unsigned"
  | "unavailable";
