export type { Authorities } from "./authorities.js";
export { createTestClock, type TestClock } from "./clock.js";
export { type CredentialMaterial, type IdentityMaterial, loadIdentity } from "./identity.js";
export {
  generateKey,
  type KeyProvider,
  type KeyType,
  type PrivateKeyInput,
  type SpiffeAlgorithm,
} from "./keys.js";
export {
  type CertificateMutationName,
  certificateMutations,
} from "./tamper/certificate-mutations.js";
export { type JwtMutationName, jwtMutations } from "./tamper/jwt-mutations.js";
export {
  type CertificateMutation,
  type Deviation,
  type MintOptions,
  mintIntermediate,
  mintLeaf,
} from "./tamper/mint.js";
export { replaceCertificates } from "./tamper/replace-certificates.js";
export { type RequestData, toProofRequest } from "./tamper/request-data.js";
export {
  addHeader,
  type RequestMutation,
  type RequestMutationName,
  removeHeader,
  repeatHeader,
  replaceHeader,
  requestMutations,
} from "./tamper/request-mutations.js";
export {
  claimsOf,
  headerOf,
  type JwtChange,
  type JwtMutation,
  tamperJwt,
} from "./tamper/tamper-jwt.js";
export type { IdentityOptions, TestIdentity } from "./test-identity.js";
export type {
  IssuedWitSvid,
  IssueJwtSvidOptions,
  IssueWitSvidOptions,
  TokenOptions,
} from "./token/issue-token-svid.js";
export type { SigningKey } from "./token/signing-key.js";
export {
  createTrustDomain,
  type TestTrustDomain,
  type TrustDomainOptions,
} from "./trust-domain.js";
export type { PresentedToken, SubjectReader, TxnSubject } from "./txn-token/exchange.js";
export {
  serveTxnTokens,
  type TxnTokenService,
  type TxnTokenServiceOptions,
} from "./txn-token/serve-txn-tokens.js";
export {
  createTxnTokenIssuer,
  type IssueTxnTokenOptions,
  type TxnTokenIssuer,
} from "./txn-token/txn-token-issuer.js";
export type { WorkloadApiFault } from "./workload-api/faults.js";
export type { GrpcStatus } from "./workload-api/grpc.js";
export type { WorkloadApiProfile, WorkloadApiRequest } from "./workload-api/methods.js";
export type { RegisteredWorkload } from "./workload-api/registration.js";
export type {
  JwtBundlesResponse,
  JwtSvidResponse,
  WitBundlesResponse,
  WitSvidResponse,
  WorkloadApiMethod,
  WorkloadApiResponses,
  X509BundlesResponse,
  X509SvidResponse,
} from "./workload-api/responses.js";
export { serveWorkloadApi } from "./workload-api/serve-workload-api.js";
export type {
  WorkloadApiCall,
  WorkloadApiServer,
  WorkloadApiServerOptions,
} from "./workload-api/workload-api-server.js";
export type { Workload } from "./workload-id.js";
export {
  type CertificateIssuer,
  type IssuedCertificate,
  issueCertificate,
} from "./x509/certificate.js";
export {
  type IssuedX509Svid,
  type IssueX509SvidOptions,
  x509SvidMaterial,
} from "./x509/issue-x509-svid.js";
export type {
  CertificateNames,
  CertificateTemplate,
  KeyUsageName,
  RawExtension,
} from "./x509/template.js";
export type { X509Authorities } from "./x509/x509-authorities.js";
