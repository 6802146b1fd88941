import { createServer } from "node:http2";
import { Faults } from "./faults.js";
import { type Listener, openListener } from "./listener.js";
import { Registry } from "./registry.js";
import { Service } from "./service.js";
import type { WorkloadApiServer, WorkloadApiServerOptions } from "./workload-api-server.js";

/**
 * Serves the SPIFFE Workload API of a trust domain on a socket, to whoever opens it: for tests,
 * demonstrations and development only. Resolves when it can be called.
 *
 * It speaks what an agent speaks, so that any client reads it: all three profiles, each stream begins
 * with the complete state and repeats it with each change. SVIDs change when `rotate` is called, and
 * not by themselves. `ValidateJWTSVID` is not served.
 *
 * @throws {ConfigurationError} `option_invalid` when the address is not a local one
 * @throws {ConfigurationError | SpiffeIdError} when a workload is not one
 */
export async function serveWorkloadApi(
  options: WorkloadApiServerOptions,
): Promise<WorkloadApiServer> {
  const { trustDomain, workloads, profiles = ["x509", "jwt", "wit"], address } = options;
  const registry = new Registry(trustDomain);
  await registry.issue(workloads);
  const faults = new Faults();
  const service = new Service(() => registry.state, faults, profiles);
  const http2 = createServer();
  http2.on("stream", (stream, headers) => void service.handle(stream, headers));
  const listener = await openListener(address, (connection) => {
    http2.emit("connection", connection);
  });
  return serverOf(registry, faults, service, listener);
}

function serverOf(
  registry: Registry,
  faults: Faults,
  service: Service,
  listener: Listener,
): WorkloadApiServer {
  async function register(workloads?: WorkloadApiServerOptions["workloads"]): Promise<void> {
    await registry.issue(workloads);
    await service.deliver();
  }
  function applyFaults(): void {
    listener.setMode(faults.connectionMode);
    void service.deliverHeld();
  }
  return {
    address: listener.address,
    calls: service.calls,
    openStreams: (method) => service.openStreams(method),
    rotate: () => register(),
    async pushBundles() {
      registry.refreshBundles();
      await service.deliver();
    },
    register,
    withdraw: () => register([]),
    fault(fault) {
      const end = faults.add(fault);
      applyFaults();
      return () => {
        end();
        applyFaults();
      };
    },
    endStreams: (status) => service.endStreams(status),
    kill: () => listener.kill(),
    restart: () => listener.restart(),
    close: () => listener.close(),
    [Symbol.asyncDispose]: () => listener.close(),
  };
}
