export { type CedarPolicyOptions, cedarPolicy } from "./cedar-policy.js";
export type { CedarName, CedarRequest } from "./cedar-request.js";
