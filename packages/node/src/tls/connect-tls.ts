import { once } from "node:events";
import { isIP } from "node:net";
import { connect, createSecureContext, type TLSSocket } from "node:tls";
import {
  type Clock,
  ProofError,
  type SpiffeId,
  type TrustSource,
  type ValidatedX509Svid,
  validateX509Svid,
  type X509Credential,
} from "@firsthand/core";
import { presentedCertificates } from "@firsthand/core/http";
import { contextOptions } from "./context-options.js";

/** Where to connect to, and who has to be there. */
export interface TlsTarget {
  /** A DNS name or an IP address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** The SPIFFE ID that has to answer. The host name says nothing about it. */
  readonly expected: SpiffeId;
  readonly trust: TrustSource;
  /** What we present when the server asks. Default: nothing. */
  readonly credential?: X509Credential | undefined;
  /** Offered by ALPN, the preferred first. Default `http/1.1`. */
  readonly protocols?: readonly string[] | undefined;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** A TLS connection whose other end proved to be the expected workload. */
export interface TlsConnection {
  readonly socket: TLSSocket;
  /** The X.509-SVID that it presented. */
  readonly peer: ValidatedX509Svid;
}

/**
 * Opens a TLS 1.3 connection to one workload. Its certificates are validated as every X.509-SVID is
 * (X509-SVID §5), against the bundle of the expected trust domain and no other, before anybody gets
 * the socket. No session is ever resumed, since a resumed one shows no certificate.
 *
 * @throws {ProofError} `peer_untrusted` with the `VerificationError` as cause, `peer_unexpected`
 * @throws the error of the network or of TLS, or the reason of `signal`
 */
export async function connectTls(target: TlsTarget): Promise<TlsConnection> {
  const { host, port, protocols = ["http/1.1"], credential, signal } = target;
  signal?.throwIfAborted();
  const socket = connect({
    host,
    port,
    servername: isIP(host) === 0 ? host : "",
    ALPNProtocols: [...protocols],
    secureContext: createSecureContext(contextOptions(credential)),
    rejectUnauthorized: false, // decided by peerOf, as contextOptions says why
  });
  socket.on("error", () => undefined); // until somebody listens, or when nobody ever does
  try {
    await once(socket, "secureConnect", { signal });
    return { socket, peer: await peerOf(socket, target) };
  } catch (error) {
    socket.destroy();
    signal?.throwIfAborted();
    throw error;
  }
}

async function peerOf(socket: TLSSocket, target: TlsTarget): Promise<ValidatedX509Svid> {
  const { expected, trust, clock } = target;
  const now = Math.floor(clock.now() / 1000);
  let peer: ValidatedX509Svid;
  try {
    const chain = presentedCertificates(socket) ?? [];
    peer = await validateX509Svid(chain, trust, { now, skewSeconds: 0 });
  } catch (cause) {
    throw new ProofError("peer_untrusted", { cause });
  }
  if (!peer.id.equals(expected)) throw new ProofError("peer_unexpected");
  return peer;
}
