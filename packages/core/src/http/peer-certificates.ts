import type { PresentedCertificate, ReceivedMessage, ReceivedSocket } from "./received-message.js";

/**
 * Where a socket keeps what was read of it: Node 20 tells only once which certificates came with the
 * leaf. On the socket, because what HTTP/2 shows of it is a proxy.
 */
const slot = Symbol("firsthand peer certificates");

/**
 * What the other end of a TLS connection presented in its handshake: DER, in its order. The same list
 * each time. Undefined without TLS, without a certificate, and for a resumed session, in whose
 * handshake nothing was presented. Only this and the TLS stack take part, no list of authorities.
 */
export function presentedCertificates(socket: ReceivedSocket): readonly Uint8Array[] | undefined {
  // Node may end the process when a destroyed socket is asked about its session.
  if (socket.destroyed || socket.isSessionReused?.()) return undefined;
  const known: readonly Uint8Array[] | undefined = Reflect.get(socket, slot);
  if (known !== undefined) return known;
  let certificate: PresentedCertificate | undefined = socket.getPeerX509Certificate?.();
  if (certificate === undefined) return undefined;
  const chain: Uint8Array[] = [];
  while (certificate !== undefined) {
    chain.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  Reflect.set(socket, slot, Object.freeze(chain));
  return chain;
}

/** {@link presentedCertificates} of the connection that a message came over. */
export function peerCertificatesOf({
  stream,
  socket,
}: ReceivedMessage): readonly Uint8Array[] | undefined {
  if (stream === undefined) return socket == null ? undefined : presentedCertificates(socket);
  const { session } = stream;
  const isGone = session === undefined || session.destroyed;
  return isGone ? undefined : presentedCertificates(session.socket);
}
