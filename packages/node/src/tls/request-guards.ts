import type { IncomingMessage, ServerResponse } from "node:http";
import { Http2ServerRequest, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type Clock, VerificationError } from "@firsthand/core";
import type { EventGuard, EventGuards } from "./intercept-events.js";
import { PeerConnection, whenVerified } from "./peer-connection.js";
import { retireSession } from "./retire-session.js";
import { publishTlsRefusal } from "./tls-channel.js";

const misdirected = 421; // RFC 9110 §15.5.20: may be sent again over another connection

/** Looks at the connection of each request again, when the request has just arrived. */
export function requestGuards(clock: Clock): EventGuards {
  function judge(
    socket: unknown,
    pass: (isOutdated: boolean) => void,
    turnAway: () => void,
  ): boolean {
    const connection = PeerConnection.of(socket);
    const refuse = (error: Error) => {
      publishTlsRefusal(error, connection?.chain[0], clock);
      turnAway();
    };
    const accept = (verified: PeerConnection) => pass(verified.isOutdated());
    if (connection === undefined) refuse(new VerificationError("certificate_chain_empty"));
    else if (connection.holds()) accept(connection);
    else whenVerified(connection, () => accept(connection), refuse);
    return true;
  }

  const exchange: EventGuard = (args, proceed) => {
    const [request, response] = args as [IncomingMessage, ServerResponse];
    if (request instanceof Http2ServerRequest) return proceed(); // its stream was judged
    const { socket } = request;
    const turnAway = () => {
      response.shouldKeepAlive = false;
      response.writeHead(misdirected).end();
    };
    const pass = (isOutdated: boolean) => {
      if (ending.has(socket)) return turnAway();
      if (isOutdated) {
        ending.add(socket);
        response.shouldKeepAlive = false;
      }
      proceed();
    };
    return judge(socket, pass, turnAway);
  };

  const tunnel: EventGuard = (args, proceed) => {
    const [request, socket] = args as [IncomingMessage, Duplex];
    const pass = () => void proceed();
    return judge(request.socket, pass, () => socket.destroy());
  };

  const stream: EventGuard = (args, proceed) => {
    const [exchanged] = args as [ServerHttp2Stream];
    const { session } = exchanged;
    const serve = () => {
      if (!exchanged.destroyed) proceed();
    };
    const pass = (isOutdated: boolean) => {
      if (isOutdated && session !== undefined) retireSession(session, serve);
      else serve();
    };
    return judge(session?.socket, pass, () => {
      if (!exchanged.destroyed) exchanged.respond({ ":status": misdirected }, { endStream: true });
      setImmediate(() => {
        exchanged.close(); // at once, Node 22 and 26 would drop the answer
        session?.close();
      });
    });
  };

  return {
    request: exchange,
    checkContinue: exchange,
    checkExpectation: exchange,
    upgrade: tunnel,
    connect: tunnel,
    stream,
  };
}

/** Connections of HTTP/1 that serve their last request: what was sent behind it is not started. */
const ending = new WeakSet<Socket>();
