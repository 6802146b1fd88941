// For applications.

export type {
  Caller,
  CallerCredential,
  CallerProof,
  ChannelEvidence,
  SessionProof,
  SignedProof,
  UnsafeBearer,
  VerifiedHeaders,
} from "./caller.js";
export { type Clock, systemClock } from "./clock.js";
export { combineObservers } from "./combine-observers.js";
export {
  type CallContext,
  callContext,
  runInCallContext,
  runInTransaction,
  withoutCallContext,
} from "./context/call-context.js";
export type { ContextPart } from "./context/context-headers.js";
export type { UserToken } from "./context/user-token.js";
export type { Credential, WitCredential, X509Credential } from "./credential/credential.js";
export { exportPrivateKey } from "./credential/export-key.js";
export { loadWitSvid, type WitSvidMaterial } from "./credential/wit-credential.js";
export { loadX509Svid, type X509SvidMaterial } from "./credential/x509-credential.js";
export {
  ConfigurationError,
  type ConfigurationErrorCode,
  CredentialError,
  type CredentialErrorCode,
  ProofError,
  type ProofErrorCode,
  type TokenKind,
  VerificationError,
} from "./errors.js";
export type { JwsAlgorithm } from "./jose/algorithms.js";
export type { MigratingCallersOptions, MigrationOptions } from "./migration/migration-options.js";
export type {
  AcceptedObservation,
  Observation,
  ObservedRequest,
  Observer,
  RefusedObservation,
} from "./observer.js";
export { allow, allowTrustDomain } from "./policy/allow.js";
export { byRoute } from "./policy/by-route.js";
export { allOf, anyOf } from "./policy/combine.js";
export type { ExplainedRule, Explanation } from "./policy/explain.js";
export type {
  Policy,
  PolicyAnswer,
  PolicyDecision,
  PolicyRequest,
  RuleVerdict,
} from "./policy/policy.js";
export { requireSignature } from "./policy/require-signature.js";
export type {
  CallerConditions,
  Period,
  PolicyCondition,
  PolicyRule,
  RuleExceptions,
  TimeWindow,
  TransactionConditions,
  WeeklyHours,
} from "./policy/rule.js";
export { createRuleSet, type RuleSet } from "./policy/rule-set.js";
export type { RuleSetOptions } from "./policy/rule-set-options.js";
export type { ContentMode } from "./proof/bind-content.js";
export type {
  EvidenceKind,
  ProofFormat,
  SignatureFormat,
  TokenFormat,
} from "./proof/format.js";
export { createProver, type OutboundRequest, type Proof, type Prover } from "./prover.js";
export type { PeerOptions, ProverOptions } from "./prover-options.js";
export { type ProblemDetails, Refusal, toRefusal } from "./refusal.js";
export type { VerificationCode } from "./refusal-codes.js";
export type { PublicCode, RefusalRule } from "./refusal-rule.js";
export { type MemoryReplayGuardOptions, memoryReplayGuard } from "./replay/memory-replay-guard.js";
export { memorySessions, type SessionOptions } from "./session/memory-sessions.js";
export type { ProofResponse, TakeAnswer } from "./session/peer-sessions.js";
export { type SealedSessionOptions, sealedSessions } from "./session/sealed-sessions.js";
export type { Sessions } from "./session/session.js";
export type { SignedResponsesOptions } from "./signature/signed-responses-options.js";
export {
  type IdScheme,
  parseTrustDomain,
  parseWorkloadId,
  SpiffeId,
  SpiffeIdError,
  type SpiffeIdErrorCode,
  type TrustDomain,
} from "./spiffe/spiffe-id.js";
export { type JwtSvid, type JwtSvidOptions, validateJwtSvid } from "./svid/jwt-svid.js";
export type { WitProfile } from "./svid/wit-svid.js";
export { type KeySetSource, parseKeySet } from "./transaction/key-set.js";
export type { Transaction } from "./transaction/transaction.js";
export type { TxnTokenOptions } from "./transaction/txn-token-options.js";
export { txnTokenOf } from "./transaction/txn-token-text.js";
export {
  type ValidateTxnTokenOptions,
  validateTxnToken,
} from "./transaction/validate-txn-token.js";
export { formatTrustBundle } from "./trust/format-trust-bundle.js";
export {
  parseTokenBundle,
  parseTrustBundle,
  parseX509Bundle,
} from "./trust/parse-trust-bundle.js";
export { type StaticSourceOptions, staticSource } from "./trust/static-source.js";
export type { TokenAuthority, TrustBundle } from "./trust/trust-bundle.js";
export type { CredentialSource, TrustSource, WorkloadIdentity } from "./trust/trust-source.js";
export { createVerifier, type Verifier } from "./verifier.js";
export type { VerifierOptions } from "./verifier-options.js";
export type { VerifyOptions } from "./verify-options.js";

// For adapters, sources and guards.

export type { Awaitable } from "./awaitable.js";
export { isWithin, resumeCallContext } from "./context/call-context.js";
export { type JsonObject, parseStrictJson } from "./jose/strict-json.js";
export {
  callback,
  capability,
  clockOption,
  invalidOption,
  oneOf,
  parseOptions,
  wholeNumber,
} from "./options.js";
export { isPathPattern, policyRuleSchema } from "./policy/rule-schema.js";
export { type ProvedBy, provedBy } from "./proof/format.js";
export type { AcceptContent, ProofRequest, RequestContent } from "./proof/proof-request.js";
export { isSecureTransport } from "./proof/secure-transport.js";
export { parseOrigin } from "./proof/target.js";
export { refusalCodes, statusOf } from "./refusal-codes.js";
export type { ReplayClaim, ReplayGuard, ReplayOutcome } from "./replay/replay-guard.js";
export type { JsonWebKey, KeyShape, PrivateKey, PublicKey } from "./runtime/port.js";
export type { ResponseCheck } from "./signature/response-check.js";
export type { ResponseSigner } from "./signature/response-signer.js";
export type { OutgoingResponse } from "./signature/sign-response.js";
export type { ReceivedResponse } from "./signature/verify-response.js";
export { type ValidatedWitSvid, validateWitSvid } from "./svid/wit-svid.js";
export { maxBundleBytes } from "./trust/bundle-document.js";
export type { X509Authority } from "./x509/authority.js";
export { type Certificate, parseCertificate } from "./x509/certificate.js";
export { splitDer } from "./x509/der.js";
export { verifyLeafProfile } from "./x509/leaf-profile.js";
export type { ValidityCheck } from "./x509/path.js";
export { type ValidatedX509Svid, validateX509Svid } from "./x509/x509-svid.js";
