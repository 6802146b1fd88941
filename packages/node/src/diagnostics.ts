import { channel } from "node:diagnostics_channel";
import type {
  CallerCredential,
  CallerProof,
  Observation,
  Observer,
  Proof,
  VerificationCode,
} from "@firsthand/core";

/** Published on the channel `firsthand:proof` for each proof, before the request is sent. */
export interface ProofMessage {
  /** Where the request goes, such as `https://orders.internal`. */
  readonly origin: string;
  readonly method: string;
  readonly format: Proof["format"];
  /** Our SPIFFE ID. */
  readonly id: string;
  /** The SPIFFE ID that is expected to answer. */
  readonly peer: string;
  /**
   * What the proof has to do with a session: `used`, `offered`, `none`, or `paused` because the peer
   * keeps forgetting sessions, as replicas do that have each their own.
   */
  readonly session: Proof["session"];
}

/** Published on the channel `firsthand:verification` for each decision of a verifier. */
export interface VerificationMessage {
  /** `unenforced`: it would have been refused, and passed without a caller, because callers migrate. */
  readonly decision: Observation["decision"];
  /** The cause of a refusal, or of one that would have been. */
  readonly code: VerificationCode | undefined;
  /** The SPIFFE ID of the caller, where it was proved. */
  readonly caller: string | undefined;
  readonly credential: CallerCredential["kind"] | undefined;
  /**
   * How the caller proved it; `mutual-tls` is no proof of the request, only of the connection, and
   * `jwt-svid` is none at all.
   */
  readonly format: CallerProof["format"] | undefined;
  /** What the proof bound. */
  readonly binding: CallerProof["binding"] | undefined;
  /** The trust domain of the caller, where it was proved. */
  readonly trustDomain: string | undefined;
  /** The rule by which the policy decided, where it names one. */
  readonly rule: string | undefined;
  /** Method and path as they came, without the query: printable, and cut after 256 characters. */
  readonly method: string;
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** How long it took to decide. */
  readonly elapsedMilliseconds: number;
}

const proofs = channel("firsthand:proof");
const verifications = channel("firsthand:verification");

/**
 * An observer that publishes each decision as a {@link VerificationMessage} on the
 * `node:diagnostics_channel` named `firsthand:verification`. It costs next to nothing while nobody
 * subscribes. A subscriber that throws does not change the decision.
 */
export function diagnosticsObserver(): Observer {
  return (observation) => {
    if (verifications.hasSubscribers) verifications.publish(verificationMessage(observation));
  };
}

/** Publishes a {@link ProofMessage}. */
export function publishProof(method: string, url: URL, proof: Proof): void {
  if (!proofs.hasSubscribers) return;
  const { format, id, peer, session } = proof;
  const message: ProofMessage = {
    origin: url.origin,
    method,
    format,
    id: id.toString(),
    peer: peer.toString(),
    session,
  };
  proofs.publish(message);
}

function verificationMessage(observation: Observation): VerificationMessage {
  const { decision, caller, policy, request, time, elapsedMilliseconds } = observation;
  return {
    decision,
    code: observation.decision === "accepted" ? undefined : observation.error.code,
    caller: caller?.id.toString(),
    credential: caller?.credential.kind,
    format: caller?.proof.format,
    binding: caller?.proof.binding,
    trustDomain: caller?.id.trustDomain,
    rule: policy?.rule,
    method: request.method,
    path: request.path,
    time,
    elapsedMilliseconds,
  };
}
