export type { Agreement } from "./agreement.js";
export { type Audit, type AuditOptions, type AuditSink, createAudit } from "./audit.js";
export {
  type AuditEvent,
  type AuditRefusal,
  auditEventOf,
  formatAuditLines,
  type ProvedCaller,
} from "./audit-event.js";
export { type OcsfEvent, toOcsf } from "./ocsf.js";
export type { ClaimedCertificate, ForwardedPeer, ProxyClaims } from "./proxy-claims.js";
