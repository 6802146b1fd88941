import type { IncomingHttpHeaders } from "node:http2";
import type { TestTrustDomain } from "../trust-domain.js";
import type { Workload } from "../workload-id.js";
import type { WorkloadApiFault } from "./faults.js";
import type { GrpcStatus } from "./grpc.js";
import type { WorkloadApiProfile, WorkloadApiRequest } from "./methods.js";
import type { RegisteredWorkload } from "./registration.js";
import type { WorkloadApiMethod } from "./responses.js";

/** How a Workload API is served. */
export interface WorkloadApiServerOptions {
  readonly trustDomain: TestTrustDomain;
  /** What whoever opens the socket is entitled to; the first is the default identity. */
  readonly workloads: readonly (Workload | RegisteredWorkload)[];
  /** By default all. The methods of the others are answered with `UNIMPLEMENTED`. */
  readonly profiles?: readonly WorkloadApiProfile[] | undefined;
  /**
   * `unix:///path`, or `tcp://127.0.0.1:port` with port 0 for any that is free. By default a unix
   * socket in a new directory that only this user can enter. Other machines are never served.
   */
  readonly address?: string | undefined;
}

/** A call as it was received. */
export interface WorkloadApiCall {
  /** As it was called, whether it exists or not; such as `FetchX509SVID`. */
  readonly method: string;
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly request: WorkloadApiRequest;
}

/** A running SPIFFE Workload API. Made by `serveWorkloadApi`. */
export interface WorkloadApiServer extends AsyncDisposable {
  /** What `SPIFFE_ENDPOINT_SOCKET` has to be. It stays the same through `kill` and `restart`. */
  readonly address: string;
  /** The calls so far, those that were refused included. */
  readonly calls: readonly WorkloadApiCall[];
  /** How many streams are open: of one method, or of all. */
  openStreams(method?: WorkloadApiMethod): number;

  /** Issues fresh SVIDs, and delivers them and the newest bundles to every open stream. */
  rotate(): Promise<void>;
  /** Delivers the newest bundles, and the same SVIDs as before, to every open stream. */
  pushBundles(): Promise<void>;
  /**
   * Replaces the registered workloads, issues to them, and delivers to every open stream. Without any
   * the callers have no identity: streams end with `PERMISSION_DENIED`, and calls are answered so.
   *
   * @throws {ConfigurationError | SpiffeIdError} when one is not a workload; nothing changes then
   */
  register(workloads: WorkloadApiServerOptions["workloads"]): Promise<void>;
  /** Registers none. */
  withdraw(): Promise<void>;

  /**
   * Does something wrong, until the function that it returns is called. Several faults add up.
   *
   * ```ts
   * const end = server.fault({ kind: "status", code: "UNAVAILABLE" });
   * server.fault({
   *   kind: "alter",
   *   method: "FetchX509SVID",
   *   change: (response) => ({ ...response, svids: [] }),
   * });
   * server.fault({ kind: "bytes", bytes: Uint8Array.of(0, 4, 0, 0, 0) }); // announces 64 MiB
   * ```
   */
  fault(fault: WorkloadApiFault): () => void;
  /** Ends every open stream: with a status, or without one as when a process is torn away. */
  endStreams(status?: GrpcStatus): void;
  /**
   * Ends like a killed process: connections are destroyed and new ones refused. The file of a unix
   * socket is left behind.
   */
  kill(): Promise<void>;
  /** Ends like a killed process, and serves again at the same address, with the same SVIDs. */
  restart(): Promise<void>;
  /** Ends for good, and leaves no file behind. */
  close(): Promise<void>;
}
