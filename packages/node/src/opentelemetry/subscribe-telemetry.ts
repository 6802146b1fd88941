import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { capability, parseOptions } from "@firsthand/core";
import { type MeterProvider, metrics, type TracerProvider, trace } from "@opentelemetry/api";
import * as z from "zod/mini";
import type { ProofMessage, VerificationMessage } from "../diagnostics.js";
import type { IdentityMessage } from "../identity/identity-channel.js";
import type { TlsRefusalMessage } from "../tls/tls-channel.js";
import { createMetrics } from "./metrics.js";
import { markSpanOfRequest, recordVerification } from "./spans.js";

export interface TelemetryOptions {
  /** Default: the global one of `@opentelemetry/api`. */
  readonly meterProvider?: MeterProvider | undefined;
  /** Default: the global one of `@opentelemetry/api`. */
  readonly tracerProvider?: TracerProvider | undefined;
}

const schema = z.strictObject({
  meterProvider: z.optional(capability<MeterProvider>("getMeter")),
  tracerProvider: z.optional(capability<TracerProvider>("getTracer")),
});

const scope = "@firsthand/node";

/**
 * Makes metrics and spans of what the diagnostics channels say: of proofs, identities and TLS by
 * themselves, of verifications where the verifier has `diagnosticsObserver()`. Call it once, after the
 * providers are set up.
 *
 * @returns ends it
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function subscribeTelemetry(options: TelemetryOptions = {}): () => void {
  const parsed = parseOptions("subscribeTelemetry", schema, options);
  const { meterProvider = metrics.getMeterProvider() } = parsed;
  const { tracerProvider = trace.getTracerProvider() } = parsed;
  const counted = createMetrics(meterProvider.getMeter(scope));
  const tracer = tracerProvider.getTracer(scope);

  const listeners: Readonly<Record<string, (message: unknown) => void>> = {
    "firsthand:verification": (message) => {
      counted.verification(message as VerificationMessage);
      recordVerification(tracer, message as VerificationMessage);
    },
    "firsthand:proof": (message) => {
      counted.proof(message as ProofMessage);
      markSpanOfRequest(message as ProofMessage);
    },
    "firsthand:identity": (message) => counted.identity(message as IdentityMessage),
    "firsthand:tls": (message) => counted.tlsRefusal(message as TlsRefusalMessage),
  };
  for (const [name, listener] of Object.entries(listeners)) subscribe(name, listener);

  return () => {
    for (const [name, listener] of Object.entries(listeners)) unsubscribe(name, listener);
    counted.end();
  };
}
