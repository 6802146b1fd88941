export { type AuthzenPolicyOptions, authzenPolicy } from "./authzen/authzen-policy.js";
export type { AuthzenEntity, AuthzenEvaluation } from "./authzen/evaluation.js";
export { explainCall } from "./cases/explain-call.js";
export type { PolicyCall } from "./cases/policy-call.js";
export {
  type PolicyCase,
  type PolicyCaseResult,
  type PolicyCases,
  parsePolicyCases,
  runPolicyCases,
} from "./cases/policy-cases.js";
export { parsePolicy } from "./document/parse-policy.js";
export { type PolicyDocument, policyJsonSchema } from "./document/policy-document.js";
export { formatExplanation } from "./explain/format-explanation.js";
export type { DecisionCacheOptions } from "./external/decision-cache.js";
export {
  DecisionTimeout,
  type ExternalDecisionOptions,
  type ExternalPolicyOptions,
  externalPolicy,
} from "./external/external-policy.js";
export { openPolicyFile, type PolicyFile } from "./file/open-policy-file.js";
export type { PolicyFileOptions, PolicyFileState } from "./file/policy-file-options.js";
export { type IstioImport, type IstioImportOptions, importIstio } from "./istio/import-istio.js";
export type { ImportNote } from "./istio/import-note.js";
export type { IstioScope } from "./istio/istio-scope.js";
