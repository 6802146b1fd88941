import type { Clock, SpiffeId, ValidatedX509Svid, WorkloadIdentity } from "@firsthand/core";
import { type buildConnector, errors } from "undici";
import { connectTls } from "../tls/connect-tls.js";
import { currentSvid } from "../tls/current-svid.js";

interface ConnectorSettings {
  readonly identity: WorkloadIdentity;
  readonly clock: Clock;
  readonly connectTimeoutMilliseconds: number;
}

/** What undici opens connections with: nothing but verified ones to the expected workload. */
export function createConnector(
  expected: SpiffeId,
  { identity, clock, connectTimeoutMilliseconds }: ConnectorSettings,
  onVerified: (peer: ValidatedX509Svid) => void,
): buildConnector.connector {
  async function open({ hostname, port }: buildConnector.Options, signal: AbortSignal) {
    const credential = currentSvid(identity, clock.now() / 1000);
    const target = { host: hostname, port: Number(port || 443), expected, trust: identity };
    const { socket, peer } = await connectTls({ ...target, credential, clock, signal });
    onVerified(peer);
    return socket.setNoDelay(true).setKeepAlive(true, keepAliveMilliseconds);
  }

  return (options, callback) => {
    const timer = new AbortController();
    const limit = new AbortController();
    clock.delay(connectTimeoutMilliseconds, timer.signal).then(
      () => limit.abort(new errors.ConnectTimeoutError()),
      () => undefined,
    );
    open(options, limit.signal)
      .finally(() => timer.abort())
      .then(
        // In a microtask of its own: what undici throws is not a rejection of ours.
        (socket) => queueMicrotask(() => callback(null, socket)),
        (error: Error) => queueMicrotask(() => callback(error, null)),
      );
  };
}

const keepAliveMilliseconds = 60_000;
