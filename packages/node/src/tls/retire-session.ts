import { constants, type Http2Session } from "node:http2";

const noMoreSoon = 2 ** 31 - 1;
const retiring = new WeakSet<Http2Session>();

/**
 * Ends an HTTP/2 connection without losing a request that is on its way (RFC 9113 §6.8): says that it
 * will end, and ends it when the peer has read that. The first request waits so long, because Node
 * stops reading from a connection that it called off and on which no request is left.
 */
export function retireSession(session: Http2Session, serve: () => void): void {
  if (retiring.has(session)) {
    serve();
    return;
  }
  retiring.add(session);
  session.goaway(constants.NGHTTP2_NO_ERROR, noMoreSoon);
  session.ping(() => {
    session.close();
    serve();
  });
}
