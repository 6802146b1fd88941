import type { Server, TLSSocket } from "node:tls";
import { VerificationError } from "@firsthand/core";
import type { EventGuards } from "./intercept-events.js";
import type { LiveContext } from "./live-context.js";
import { PeerConnection, whenVerified } from "./peer-connection.js";
import type { ServerRules } from "./server-options.js";
import { publishTlsRefusal } from "./tls-channel.js";

/** Decides who gets a connection, before the first byte of HTTP is read. */
export function handshakeGuards(
  server: Server,
  context: LiveContext,
  rules: ServerRules,
): EventGuards {
  return {
    connection(_, proceed) {
      context.refresh(server);
      return proceed();
    },
    secureConnection([given], proceed) {
      const socket = given as TLSSocket;
      const connection = new PeerConnection(socket, context, rules);
      socket.on("error", () => undefined); // until HTTP listens, or when it never does
      const accept = () => {
        connection.attachTo(socket);
        if (!socket.destroyed) proceed();
      };
      const refuse = (error: Error) => {
        publishTlsRefusal(error, connection.chain[0], rules.clock);
        server.emit("tlsClientError", error, socket);
        socket.destroy();
      };
      return whenVerified(connection, accept, refuse);
    },
    tlsClientError([error], proceed) {
      const isPublished = error instanceof VerificationError;
      if (!isPublished) publishTlsRefusal(context.problem ?? error, undefined, rules.clock);
      return proceed();
    },
  };
}
