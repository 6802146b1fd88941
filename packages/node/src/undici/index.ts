export { type MutualTlsOptions, mutualTlsDispatcher } from "./mutual-tls-dispatcher.js";
export { proveRequests } from "./prove-requests.js";
