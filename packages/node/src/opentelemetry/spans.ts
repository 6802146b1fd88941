import { refusalCodes } from "@firsthand/core";
import { SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import type { ProofMessage, VerificationMessage } from "../diagnostics.js";
import { defined } from "./metrics.js";

/**
 * A span for one verification, below the span that is active: with HTTP instrumentation that of the
 * request. It is an error where the service could not decide, and not where it refused.
 */
export function recordVerification(tracer: Tracer, message: VerificationMessage): void {
  const { decision, code, caller, credential, format, binding, rule } = message;
  const { time, elapsedMilliseconds } = message;
  const span = tracer.startSpan("firsthand.verify", {
    startTime: time - elapsedMilliseconds,
    attributes: defined({
      "firsthand.decision": decision,
      "error.type": code,
      "spiffe.id": caller,
      "firsthand.credential.kind": credential,
      "firsthand.proof.format": format,
      "firsthand.proof.binding": binding,
      "security_rule.name": rule,
    }),
  });
  const isOutage = code !== undefined && refusalCodes[code].status === 503;
  if (isOutage) span.setStatus({ code: SpanStatusCode.ERROR, message: refusalCodes[code].message });
  span.end(time);
}

/** Says on the span of an outbound request who proves what to whom. */
export function markSpanOfRequest({ format, id, peer }: ProofMessage): void {
  trace.getActiveSpan()?.setAttributes({
    "spiffe.id": id,
    "firsthand.proof.format": format,
    "firsthand.peer.id": peer,
  });
}
