export { type MutualTlsOptions, mutualTlsDispatcher } from "./mutual-tls-dispatcher.js";
export { passCallContext } from "./pass-call-context.js";
export { proveRequests } from "./prove-requests.js";
