import type { Server, TlsOptions } from "node:tls";
import {
  type Clock,
  capability,
  clockOption,
  invalidOption,
  parseOptions,
  systemClock,
  type WorkloadIdentity,
} from "@firsthand/core";
import * as z from "zod/mini";
import { interceptEvents } from "../tls/intercept-events.js";
import { createLiveContext } from "../tls/live-context.js";

/** Options of {@link spiffeTlsServer}. */
export interface SpiffeTlsServerOptions {
  /** What the server presents: asked anew at each handshake. */
  readonly identity: WorkloadIdentity;
  readonly clock?: Clock | undefined;
}

const factory = "spiffeTlsServer";
const schema = z.strictObject({
  identity: capability<WorkloadIdentity>("credentials", "trustBundle"),
  clock: z.optional(clockOption),
});

/**
 * Makes a server that presents our current X.509-SVID and lets everybody in, from TLS 1.2 on: for a
 * bundle endpoint with the profile `https_spiffe`, which must not ask for a client certificate (SPIFFE
 * Federation §5.2.2.3). For everything else there is `mutualTlsServer`.
 *
 * ```ts
 * const server = spiffeTlsServer((tls) => https.createServer(tls, bundleHandler(identity)), {
 *   identity,
 * });
 * ```
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function spiffeTlsServer<T extends Server>(
  create: (tls: TlsOptions) => T,
  options: SpiffeTlsServerOptions,
): T {
  const { identity, clock = systemClock } = parseOptions(factory, schema, options);
  const server = create({ requestCert: false });
  if (!("setSecureContext" in server)) {
    throw invalidOption(factory, "create", "must return a server of https or http2");
  }
  const context = createLiveContext({ identity, clock, minVersion: "TLSv1.2" });
  interceptEvents(server, {
    connection(_, proceed) {
      context.refresh(server);
      return proceed();
    },
  });
  return server;
}
