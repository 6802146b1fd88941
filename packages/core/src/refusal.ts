import { VerificationError } from "./errors.js";
import { FramelessError } from "./frameless-error.js";
import { refusalCodes, statusOf } from "./refusal-codes.js";
import type { PublicCode } from "./refusal-rule.js";
import { type SessionRefusal, sessionHeaders } from "./session/protocol.js";

/** The body of a refusal (RFC 9457 §3). Holds nothing that the caller sent. */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: PublicCode;
}

const titles: Record<PublicCode, string> = {
  proof_required: "A proof of workload identity is required",
  proof_invalid: "The proof of workload identity is not valid",
  session_unknown: "The session is not known",
  signature_required: "A signed proof of workload identity is required",
  credential_invalid: "The workload credential is not valid",
  request_invalid: "The request cannot be verified",
  forbidden: "The caller is not allowed to do this",
  content_too_large: "The content is too large",
  headers_too_large: "The credential is too large",
  response_unsigned: "The response cannot be signed",
  unavailable: "The caller cannot be verified now",
};

/**
 * A refusal as the caller sees it: what web frameworks expect of an error that is an answer. The
 * exact cause is in `cause`, for operators.
 */
export class Refusal extends FramelessError {
  override readonly name = "Refusal";
  /** HTTP status, under both names that frameworks look for. */
  readonly status: number;
  readonly statusCode: number;
  /**
   * To be sent with the answer: `WWW-Authenticate` and `Accept-Signature` with 401, `Retry-After`
   * with 503, `SVID-Session` where a signed proof of the same request may do.
   */
  readonly headers: Readonly<Record<string, string>>;
  readonly code: PublicCode;
  /** The message may be shown to the caller. */
  readonly expose = true;
  readonly problem: ProblemDetails;

  constructor(cause: VerificationError, challenge: string, acceptSignature = "") {
    const { publicCode } = refusalCodes[cause.code];
    const status = statusOf(cause);
    super(titles[publicCode], { cause });
    this.status = status;
    this.statusCode = status;
    this.headers = Object.freeze({
      ...headersOf(status, challenge, acceptSignature),
      ...sessionHeadersOf(publicCode),
    });
    this.code = publicCode;
    this.problem = Object.freeze({
      type: `urn:firsthand:problem:${publicCode}`,
      title: this.message,
      status,
      code: publicCode,
    });
    // Express prints the stack of an error outside of production; the cause keeps its own.
    this.stack = `${this.name}: ${this.message}`;
  }
}

/** The answer for a refused request. Whatever is not a refusal comes back unchanged. */
export function toRefusal(error: unknown, challenge: string, acceptSignature = ""): unknown {
  if (!(error instanceof VerificationError)) return error;
  return new Refusal(error, challenge, acceptSignature);
}

function headersOf(
  status: number,
  challenge: string,
  acceptSignature: string,
): Record<string, string> {
  if (status === 503) return { "retry-after": "1" };
  if (status !== 401) return {};
  return {
    ...(challenge !== "" && { "www-authenticate": challenge }),
    ...(acceptSignature !== "" && { "accept-signature": acceptSignature }),
  };
}

/** Tells a prover that may repeat a request to repeat this one; nothing has acted on it. */
function sessionHeadersOf(publicCode: PublicCode): Record<string, string> {
  const refusal = sessionRefusals[publicCode];
  return refusal === undefined ? {} : { [sessionHeaders.answer.toLowerCase()]: refusal };
}

const sessionRefusals: Partial<Record<PublicCode, SessionRefusal>> = {
  session_unknown: "unknown",
  signature_required: "signature-required",
};
