import { channel } from "node:diagnostics_channel";
import {
  type Clock,
  CredentialError,
  type CredentialErrorCode,
  parseCertificate,
  type VerificationCode,
  VerificationError,
  verifyLeafProfile,
} from "@firsthand/core";

/**
 * Published on the channel `firsthand:tls` for each connection or request that a mutual TLS server
 * refused before the application saw it.
 */
export interface TlsRefusalMessage {
  /**
   * What is wrong with the peer; or with our own identity, while it has nothing to present; or
   * `handshake_failed` for what TLS itself refused, with its own code in `error`.
   */
  readonly code: VerificationCode | CredentialErrorCode | "handshake_failed";
  /**
   * The SPIFFE ID in the certificate of the peer, if it has one. Proved only when the code is
   * `caller_forbidden`: then a workload asks that is not among `peers`.
   */
  readonly peer: string | undefined;
  readonly error: unknown;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

const refusals = channel("firsthand:tls");

/** Publishes a {@link TlsRefusalMessage}. */
export function publishTlsRefusal(
  error: unknown,
  leaf: Uint8Array | undefined,
  clock: Clock,
): void {
  if (!refusals.hasSubscribers) return;
  const isOurs = error instanceof VerificationError || error instanceof CredentialError;
  const message: TlsRefusalMessage = {
    code: isOurs ? error.code : "handshake_failed",
    peer: leaf === undefined ? undefined : idIn(leaf),
    error,
    time: clock.now(),
  };
  refusals.publish(message);
}

function idIn(leaf: Uint8Array): string | undefined {
  try {
    return verifyLeafProfile(parseCertificate(leaf)).toString();
  } catch {
    return undefined;
  }
}
