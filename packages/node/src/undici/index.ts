export { proveRequests } from "./prove-requests.js";
