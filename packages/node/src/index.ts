export { type AnyFetch, createFetch, type FetchOptions } from "./create-fetch.js";
export {
  diagnosticsObserver,
  type ProofMessage,
  type VerificationMessage,
} from "./diagnostics.js";
export type { OutboundOptions } from "./outbound-prover.js";
