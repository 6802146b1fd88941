export { auditStream } from "./audit/audit-stream.js";
export { type AnyFetch, createFetch, type FetchOptions } from "./create-fetch.js";
export {
  diagnosticsObserver,
  type ProofMessage,
  type VerificationMessage,
} from "./diagnostics.js";
export type { EndpointState } from "./endpoint/endpoint-state.js";
export { type BundleEndpoint, openBundleEndpoint } from "./federation/bundle-endpoint.js";
export type {
  BundleEndpointOptions,
  BundleEndpointProfile,
  HttpsSpiffeProfile,
  HttpsWebProfile,
} from "./federation/bundle-endpoint-options.js";
export {
  type BundleHandlerOptions,
  type BundleRequest,
  type BundleResponse,
  bundleHandler,
} from "./federation/bundle-handler.js";
export { type FederatedIdentity, type FederatedSource, federate } from "./federation/federate.js";
export { type SpiffeTlsServerOptions, spiffeTlsServer } from "./federation/spiffe-tls-server.js";
export type {
  CredentialBundleFile,
  FileIdentityOptions,
  FileLocation,
  LayoutLocation,
  SeparateFiles,
  TrustFiles,
} from "./files/file-identity-options.js";
export type { FileLayout } from "./files/layouts.js";
export { openFileIdentity } from "./files/open-file-identity.js";
export { type HealthResponse, healthHandler } from "./identity/health-handler.js";
export type { IdentityMessage } from "./identity/identity-channel.js";
export type { IdentityState } from "./identity/identity-state.js";
export type { LiveIdentity } from "./identity/live-identity.js";
export type { OwnJwtSvid } from "./identity/workload/jwt-svid-cache.js";
export { openWorkloadIdentity } from "./identity/workload/open-workload-identity.js";
export type { WorkloadProfile } from "./identity/workload/profile-state.js";
export type {
  JwtSvidOptions,
  WorkloadApiIdentity,
} from "./identity/workload/workload-api-identity.js";
export type { WorkloadIdentityOptions } from "./identity/workload/workload-identity-options.js";
export { type DecisionLogger, logDecisions } from "./logging/log-decisions.js";
export type { OutboundOptions } from "./outbound-prover.js";
export type { KeySetOptions } from "./transaction/key-set-options.js";
export { type KeySet, openKeySet } from "./transaction/open-key-set.js";
export {
  createTxnTokenClient,
  type TxnTokenClient,
  type TxnTokenRequest,
} from "./transaction/txn-token-client.js";
export type {
  ClientAssertionOptions,
  TxnTokenClientOptions,
} from "./transaction/txn-token-client-options.js";
export type { SocketTrust } from "./workload-api/socket-trust.js";
