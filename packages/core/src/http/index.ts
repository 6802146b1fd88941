// For applications on plain Node servers.

export { callerOf, isVerified } from "./caller-of.js";
export type { WorkloadAuthOptions } from "./message-verifier.js";
export { requireCaller } from "./require-caller.js";

// For adapters of web frameworks.

export { createMessageVerifier, type MessageVerifier } from "./message-verifier.js";
export { presentedCertificates } from "./peer-certificates.js";
export { proofRequestFrom, type RequestLine } from "./proof-request-from.js";
export type { ReceivedMessage, ReceivedSocket } from "./received-message.js";
export { type SentResponse, sendRefusal } from "./send-refusal.js";
