import type { Attributes, Meter, ObservableResult } from "@opentelemetry/api";
import type { ProofMessage, VerificationMessage } from "../diagnostics.js";
import type { IdentityMessage } from "../identity/identity-channel.js";
import type { TlsRefusalMessage } from "../tls/tls-channel.js";

/** The metrics, each fed by one diagnostics channel. */
export interface Metrics {
  verification(message: VerificationMessage): void;
  proof(message: ProofMessage): void;
  identity(message: IdentityMessage): void;
  tlsRefusal(message: TlsRefusalMessage): void;
  /** Reports nothing more. */
  end(): void;
}

const secondsBuckets = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
];

/**
 * Their attributes have few values: outcomes, codes, kinds, configured trust domains. SPIFFE IDs, paths
 * and methods are on spans only.
 */
export function createMetrics(meter: Meter): Metrics {
  const verifications = meter.createCounter("firsthand.verifications", {
    description: "Decisions of verifiers.",
    unit: "{decision}",
  });
  const duration = meter.createHistogram("firsthand.verification.duration", {
    description: "How long decisions took, with waiting for content, policy and replay guard.",
    unit: "s",
    advice: { explicitBucketBoundaries: secondsBuckets },
  });
  const proofs = meter.createCounter("firsthand.proofs", {
    description: "Proofs that were made for outbound requests.",
    unit: "{proof}",
  });
  const changes = meter.createCounter("firsthand.identity.changes", {
    description: "Changes of a live identity, by what it is since.",
    unit: "{change}",
  });
  const tlsRefusals = meter.createCounter("firsthand.tls.refusals", {
    description: "Connections and requests that a mutual TLS server refused.",
    unit: "{refusal}",
  });
  const remaining = meter.createObservableGauge("firsthand.identity.remaining", {
    description: "Time until the credentials of the live identity end.",
    unit: "s",
  });

  let expiresAt: number | undefined;
  const observeRemaining = (result: ObservableResult) => {
    if (expiresAt !== undefined) result.observe((expiresAt - Date.now()) / 1000);
  };
  remaining.addCallback(observeRemaining);

  return {
    verification({ elapsedMilliseconds, ...message }) {
      verifications.add(1, verificationAttributes(message));
      duration.record(elapsedMilliseconds / 1000, { "firsthand.decision": message.decision });
    },
    proof: ({ format }) => proofs.add(1, { "firsthand.proof.format": format }),
    identity(message) {
      expiresAt = message.expiresAt;
      const { status, code } = message;
      changes.add(1, defined({ "firsthand.identity.status": status, "error.type": code }));
    },
    tlsRefusal: ({ code }) => tlsRefusals.add(1, { "error.type": code }),
    end: () => remaining.removeCallback(observeRemaining),
  };
}

function verificationAttributes({
  decision,
  code,
  format,
  binding,
  trustDomain,
}: Omit<VerificationMessage, "elapsedMilliseconds">): Attributes {
  return defined({
    "firsthand.decision": decision,
    "error.type": code,
    "firsthand.proof.format": format,
    "firsthand.proof.binding": binding,
    "firsthand.trust_domain": trustDomain,
  });
}

/** Attributes without those that have no value: an absent one is not the value `undefined`. */
export function defined(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
