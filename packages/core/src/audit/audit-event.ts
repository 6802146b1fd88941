import { runtime } from "#runtime";
import type { Caller, CallerCredential, CallerProof } from "../caller.js";
import { base64url } from "../encoding.js";
import type { TokenKind, VerificationError } from "../errors.js";
import type { Observation } from "../observer.js";
import type { PolicyDecision } from "../policy/policy.js";
import { printable } from "../printable.js";
import { statusOf, type VerificationCode } from "../refusal-codes.js";
import { type Agreement, agreementOf } from "./agreement.js";
import type { ProxyClaims } from "./proxy-claims.js";

/**
 * The record of one decision. Three facts are kept apart: what was proved in this process, what
 * proxies claimed, and what was decided. Plain data, no token, no key, no query, no content; text of
 * the peer is printable and cut.
 */
export interface AuditEvent {
  readonly schema: "firsthand.audit/1";
  /** 128 random bits, base64url. */
  readonly id: string;
  /** ISO 8601, UTC, of the decision. */
  readonly time: string;
  /** The name of the deciding service, as configured. */
  readonly service: string | null;
  readonly request: { readonly method: string; readonly path: string };
  /** What the caller proved. Null when nothing was, whoever it may be. */
  readonly proved: ProvedCaller | null;
  /** What proxies said about the caller. Null when none said anything. Nothing rests on it. */
  readonly claimed: ProxyClaims | null;
  /** How the two go together. */
  readonly agreement: Agreement;
  /** `unenforced`: it would have been refused, and passed without a caller, because callers migrate. */
  readonly decision: Observation["decision"];
  /** Why it was refused, or would have been. */
  readonly refusal: AuditRefusal | null;
  /** What the policy decided, and by which rule. Null when it was not asked, or gave no answer. */
  readonly policy: PolicyDecision | null;
  /** How many events before this one were lost, where the audit was told to accept that. */
  readonly lost: number;
}

export interface ProvedCaller {
  /** The SPIFFE ID. */
  readonly caller: string;
  readonly trustDomain: string;
  readonly credential: {
    readonly kind: CallerCredential["kind"];
    readonly thumbprint: string;
    readonly issuer: string | null;
    /** Seconds since the epoch. */
    readonly expiresAt: number;
  };
  readonly proof: {
    readonly format: CallerProof["format"];
    readonly binding: CallerProof["binding"];
    readonly idHash: string | null;
    readonly issuedAt: number | null;
    readonly expiresAt: number;
  };
}

export interface AuditRefusal {
  /** The exact cause. */
  readonly code: VerificationCode;
  /** The HTTP status that it is answered with. */
  readonly status: number;
  /** The token that it is about. */
  readonly token: TokenKind | null;
}

/** Makes the event of a decision. */
export function auditEventOf(
  observation: Observation,
  { service = null, lost = 0 }: { readonly service?: string | null; readonly lost?: number } = {},
): AuditEvent {
  const { decision, caller, request, policy, time } = observation;
  const { method, path, claims } = request;
  return Object.freeze({
    schema: "firsthand.audit/1",
    id: base64url(runtime.randomBytes(16)),
    time: new Date(time).toISOString(),
    service,
    request: { method, path },
    proved: caller === undefined ? null : provedCaller(caller),
    claimed: saysAnything(claims) ? claims : null,
    agreement: agreementOf(caller?.id.toString(), claims),
    decision,
    refusal: observation.decision === "accepted" ? null : refusalOf(observation.error),
    policy: policy ?? null,
    lost,
  });
}

/** Events as JSON lines: one line for each, whatever is in it. */
export function formatAuditLines(events: readonly AuditEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join("");
}

function provedCaller({ id, credential, proof }: Caller): ProvedCaller {
  const { kind, thumbprint, issuer, expiresAt } = credential;
  const { format, binding, idHash = null, issuedAt = null } = proof;
  return {
    caller: id.toString(),
    trustDomain: id.trustDomain,
    credential: {
      kind,
      thumbprint,
      issuer: issuer === undefined ? null : printable(issuer),
      expiresAt,
    },
    proof: { format, binding, idHash, issuedAt, expiresAt: proof.expiresAt },
  };
}

function refusalOf(error: VerificationError): AuditRefusal {
  return { code: error.code, status: statusOf(error), token: error.token ?? null };
}

function saysAnything({ forwarded, clientCert, assertions, unreadable }: ProxyClaims): boolean {
  const isSilent = clientCert === undefined && forwarded.length === 0 && assertions.length === 0;
  return !isSilent || unreadable.length > 0;
}
