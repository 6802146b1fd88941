import { Server, type TlsOptions } from "node:tls";
import { invalidOption } from "@firsthand/core";
import { handshakeGuards } from "./handshake-guards.js";
import { interceptEvents } from "./intercept-events.js";
import { createLiveContext } from "./live-context.js";
import { requestGuards } from "./request-guards.js";
import { type MutualTlsServerOptions, parseServerOptions } from "./server-options.js";

/**
 * Makes a server that speaks mutual TLS with the workloads in `peers` and with nobody else:
 *
 * ```ts
 * const server = mutualTlsServer((tls) => https.createServer(tls, app), {
 *   identity,
 *   peers: ["spiffe://shop.example/checkout"],
 * });
 * ```
 *
 * `create` may make any server that is a `tls.Server`: of `node:https`, of `node:http2`
 * (`createSecureServer`), or what Fastify's `serverFactory` is asked for.
 *
 * Each handshake uses the current credential of `identity`. The peer's certificates are validated
 * before the first byte of HTTP is read, against the bundle of its own trust domain alone, and the
 * verdict is looked at again before each request: a peer whose certificate expired, or whose
 * authority left the bundle, gets `421 Misdirected Request` and its connection ends. A connection
 * also ends, after the request at hand, when our own credential was renewed or when it is older than
 * `maxConnectionAgeSeconds`. Requests that are being served are finished in each case; what was
 * upgraded is not looked at again.
 *
 * `socket.authorized` is false for every peer, since OpenSSL is given no authority: who is at the
 * other end, `workloadAuth` with `accept: ["mutual-tls"]` tells.
 *
 * Refusals are published on the `node:diagnostics_channel` named `firsthand:tls`; those of handshakes
 * are `tlsClientError` events as well.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function mutualTlsServer<T extends Server>(
  create: (tls: TlsOptions) => T,
  options: MutualTlsServerOptions,
): T {
  const rules = parseServerOptions(options);
  // The guards decide who the peer is, as contextOptions says why.
  const server = create({ requestCert: true, rejectUnauthorized: false });
  if (!(server instanceof Server)) {
    throw invalidOption("mutualTlsServer", "create", "must return a server of https or http2");
  }
  const context = createLiveContext(rules);
  interceptEvents(server, {
    ...handshakeGuards(server, context, rules),
    ...requestGuards(rules.clock),
  });
  return server;
}
